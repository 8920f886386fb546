"""Every metric is registered here once, and then must bear each invariance that applies to it.

To join: add a line to METRICS, and to NOT_RANK_BASED or NOT_MIRRORED if that is its nature. A
public function in neither METRICS nor NOT_A_METRIC fails `test_every_metric_is_registered`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evaluator import metrics
from evaluator.metrics import ScoreSet, plain

THRESHOLD = 0.5  # between the integer scores below

METRICS: dict[str, Callable[[ScoreSet], object]] = {
    "accuracy_10fold": metrics.accuracy_10fold,
    "accuracy_10fold_with_fta": partial(metrics.accuracy_10fold, not_acquired="non_match"),
    "auc": lambda s: metrics.auc(s.mated_scores, s.non_mated_scores),
    "by_group": partial(metrics.by_group, threshold=THRESHOLD),
    "cllr_10fold": metrics.cllr_10fold,
    "cllr_min": lambda s: metrics.cllr_min(s.mated_scores, s.non_mated_scores),
    "d_prime": lambda s: metrics.d_prime(s.mated_scores, s.non_mated_scores),
    "eer": lambda s: metrics.eer(s.mated_scores, s.non_mated_scores),
    "error_curve": lambda s: metrics.error_curve(s.mated_scores, s.non_mated_scores),
    "fmr": lambda s: metrics.fmr(s.non_mated_scores, THRESHOLD),
    "fmr_at_fnmr": partial(metrics.fmr_at_fnmr, target=0.2),
    "fmr_kept": partial(metrics.fmr_kept, target=0.3),
    "fnmr": lambda s: metrics.fnmr(s.mated_scores, THRESHOLD),
    "fnmr_at_fmr": partial(metrics.fnmr_at_fmr, target=0.2),
    "fta": metrics.fta,
    "measure": lambda s: metrics.to_dict(metrics.measure(s), curve=True),
    "min_dcf": lambda s: metrics.min_dcf(s.mated_scores, s.non_mated_scores, 0.2),
    "operating_point": partial(metrics.operating_point, threshold=THRESHOLD),
    "optimistic_accuracy": metrics.optimistic_accuracy,
}
NOT_A_METRIC = {
    "bpcer_at_apcer",  # of presentations, see test_pad
    "pad_point",  # likewise
    "by_quality",  # needs a quality of each pair, see test_quality
    "by_people",  # intervals, see test_by_people
    "clopper_pearson",  # of counts, see test_rates
    "cllr",  # of likelihood ratios, see test_likelihood
    "correct_10fold",  # decisions, see test_folds
    "discard_curve",  # likewise
    "group_matrix",  # needs the groups of both sides, see test_matrix
    "group_spread",  # of rates, see test_matrix
    "design_effect",  # of decisions, see test_dependence
    "difference_at_fmr",  # of two runs, see test_differences
    "difference_at_same_fmr",
    "difference_at_thresholds",
    "false_matches_allowed",  # of counts, see test_same_fmr
    "holm",  # of p-values, see test_paired
    "mcnemar",  # of two runs, see test_paired
    "people_of",
    "plain",
    "rate",
    "rate_over_people",  # of decisions, see test_dependence
    "same_fmr",  # of two runs, see test_same_fmr
    "strangers",
    "threshold_for_false_matches",  # see test_same_fmr
    "to_dict",
    "trials_needed",
    "upper_limit",  # of counts, see test_rates
    "variance_over_people",  # of decisions, see test_dependence
    "worths",  # see test_dependence
    "zero_error_bound",
}
#: Uses distances between scores, or a threshold fixed on their scale.
NOT_RANK_BASED = {"d_prime", "cllr_10fold", "measure", "fmr", "fnmr", "operating_point", "by_group"}
NOT_MIRRORED = {
    "accuracy_10fold",  # of several best thresholds it takes the largest
    "accuracy_10fold_with_fta",
    "min_dcf",  # of several best thresholds it takes the largest, and its prior is not one half
    "fmr_kept",  # a threshold of non-mated scores alone, and no mirror of it
    "fta",  # does not depend on scores; mated and non-mated counts exchange by definition
    "measure",
    "error_curve",  # in its own test below
}


@st.composite
def score_sets(draw: st.DrawFn) -> ScoreSet:
    """40..60 pairs in ten folds: integer scores with many ties, some failures to acquire."""
    n = draw(st.integers(40, 60))
    score = np.array(draw(st.lists(st.integers(-6, 6), min_size=n, max_size=n)), dtype=float)
    bits = np.array(draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)))
    acquired = bits > 0
    return ScoreSet(
        np.where(acquired, score, np.nan),
        bits % 2 == 0,
        acquired,
        fold=np.arange(n) % 10,
        group=np.where(bits < 5, "a", "b"),
    )


def close(a: Any, b: Any) -> bool:
    """Equal data, numbers to 1e-12."""
    if isinstance(a, dict):
        return set(a) == set(b) and all(close(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(close, a, b))
    return abs(a - b) <= 1e-12 if isinstance(a, float) else bool(a == b)


def without(data: Any, *names: str) -> Any:
    """The data without what these keys hold, at any depth."""
    if isinstance(data, dict):
        return {k: without(v, *names) for k, v in data.items() if k not in names}
    return [without(v, *names) for v in data] if isinstance(data, list) else data


def mirrored(data: Any) -> Any:
    """FMR and FNMR, mated and non-mated exchanged."""
    other = {
        "fmr": "fnmr",
        "far": "frr",
        "mated_errors": "non_mated_errors",
        "few_mated_trials": "few_non_mated_trials",
    }
    other |= {v: k for k, v in other.items()}
    if isinstance(data, dict):
        return {other.get(k, k): mirrored(v) for k, v in data.items()}
    if isinstance(data, str):
        for one, two in (("non-mated", "mated"), ("FNMR", "FMR")):
            data = data.replace(one, "*").replace(two, one).replace("*", two)
    return data


def rows(pairs: ScoreSet, order: Any) -> ScoreSet:
    assert pairs.fold is not None
    assert pairs.group is not None
    return ScoreSet(
        pairs.score[order],
        pairs.mated[order],
        pairs.acquired[order],
        pairs.fold[order],
        pairs.group[order],
    )


@pytest.mark.parametrize("name", METRICS)
@settings(max_examples=25, deadline=None)
@given(pairs=score_sets(), seed=st.integers(0, 99))
def test_the_order_of_the_pairs_does_not_matter(name: str, pairs: ScoreSet, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(pairs.score.size)
    assert close(plain(METRICS[name](pairs)), plain(METRICS[name](rows(pairs, order))))


@pytest.mark.parametrize("name", sorted(set(METRICS) - NOT_RANK_BASED))
@settings(max_examples=25, deadline=None)
@given(pairs=score_sets())
def test_a_strictly_increasing_transform_moves_only_thresholds(name: str, pairs: ScoreSet) -> None:
    cubed = ScoreSet(
        pairs.score**3 + 2 * pairs.score - 7,
        pairs.mated,
        pairs.acquired,
        pairs.fold,
        pairs.group,
    )
    before, after = (without(plain(METRICS[name](p)), "threshold", "thresholds") for p in (pairs, cubed))
    assert close(before, after)


@pytest.mark.parametrize("name", sorted(set(METRICS) - NOT_MIRRORED))
@settings(max_examples=25, deadline=None)
@given(pairs=score_sets())
def test_swapped_labels_and_negated_scores_exchange_fmr_and_fnmr(name: str, pairs: ScoreSet) -> None:
    # completed comparisons only: a failure to acquire is a non-match on both sides, by definition
    assume(pairs.acquired.any())
    done = rows(pairs, pairs.acquired)
    # match is score >= 0.5 there and -score <= -0.5, that is a non-match, here; 1 - s keeps 0.5
    swapped = ScoreSet(1 - done.score, ~done.mated, done.acquired, done.fold, done.group)
    partner = {"fmr": "fnmr", "fnmr": "fmr", "fmr_at_fnmr": "fnmr_at_fmr"}
    partner["fnmr_at_fmr"] = "fmr_at_fnmr"
    # where two thresholds are equally good, one is named by its side: its errors may differ
    tied = {"eer": ("fmr", "fnmr"), "optimistic_accuracy": ("mated_errors", "non_mated_errors")}
    drop = ("threshold", *tied.get(name, ()))
    before = without(mirrored(plain(METRICS[name](done))), *drop)
    after = without(plain(METRICS[partner.get(name, name)](swapped)), *drop)
    assert close(before, after)


@settings(max_examples=25, deadline=None)
@given(pairs=score_sets())
def test_swapped_labels_and_negated_scores_turn_the_curve_round(pairs: ScoreSet) -> None:
    curve = metrics.error_curve(pairs.mated_scores, pairs.non_mated_scores)
    swapped = metrics.error_curve(-pairs.non_mated_scores, -pairs.mated_scores)
    if isinstance(curve, metrics.ErrorCurve) and isinstance(swapped, metrics.ErrorCurve):
        assert curve.fmr.tolist() == swapped.fnmr[::-1].tolist()
        assert curve.fnmr.tolist() == swapped.fmr[::-1].tolist()


def test_every_metric_is_registered() -> None:
    public = {n for n in metrics.__all__ if n.islower()}
    assert public == (set(METRICS) & public) | NOT_A_METRIC
    assert set(METRICS) >= NOT_RANK_BASED | NOT_MIRRORED
