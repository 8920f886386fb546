from itertools import pairwise

import numpy as np
import pytest

from evaluator.metrics import (
    GroupMatrix,
    GroupSpread,
    InsufficientData,
    Rate,
    ScoreSet,
    group_matrix,
    group_spread,
    rate,
)


def non_mated(scores: list[float]) -> ScoreSet:
    return ScoreSet.of([], scores)


def known(errors: int, trials: int) -> Rate:
    found = rate(errors, trials)
    assert isinstance(found, Rate)
    return found


def test_a_cell_counts_the_pairs_across_two_groups_whichever_side_is_the_reference() -> None:
    scores = non_mated([0.9, 0.1, 0.9, 0.1, 0.9])
    reference, probe = np.array(["a", "b", "b", "a", ""]), np.array(["b", "a", "b", "a", "a"])
    matrix = group_matrix(scores, reference, probe, 0.5, min_trials=1)
    assert isinstance(matrix, GroupMatrix)
    assert matrix.labels == ("a", "b")
    assert {(c.one, c.other): (c.fmr.errors, c.fmr.trials) for c in matrix.cells if isinstance(c.fmr, Rate)} == {
        ("a", "a"): (0, 1),
        ("a", "b"): (1, 2),
        ("b", "b"): (1, 1),
    }


def test_mated_pairs_and_pairs_not_acquired_are_no_trials_of_a_cell() -> None:
    scores = ScoreSet(np.array([0.9, np.nan, 0.9]), np.array([True, False, False]), np.array([True, False, True]))
    labels = np.array(["a", "a", "a"])
    matrix = group_matrix(scores, labels, labels, 0.5, min_trials=1)
    assert isinstance(matrix, GroupMatrix)
    (cell,) = matrix.cells
    assert isinstance(cell.fmr, Rate)
    assert (cell.fmr.errors, cell.fmr.trials) == (1, 1)


def test_a_cell_of_too_few_trials_is_refused_with_their_number() -> None:
    labels = np.full(299, "a")
    matrix = group_matrix(non_mated([0.1] * 299), labels, labels, 0.5)
    assert isinstance(matrix, GroupMatrix)
    assert matrix.cells[0].fmr == InsufficientData("299 non-mated comparisons, fewer than 300")
    assert isinstance(matrix.within, InsufficientData)


def test_more_groups_than_a_matrix_can_show_are_refused() -> None:
    labels = np.array([f"{i:02d}" for i in range(13)])
    refused = group_matrix(non_mated([0.1] * 13), labels, labels, 0.5)
    assert isinstance(refused, InsufficientData)
    assert "13" in refused.reason


def test_without_any_label_there_is_no_matrix() -> None:
    labels = np.array([""])
    assert isinstance(group_matrix(non_mated([0.1]), labels, labels, 0.5), InsufficientData)


def test_labels_of_another_length_are_an_error() -> None:
    with pytest.raises(ValueError, match="shapes"):
        group_matrix(non_mated([0.1, 0.2]), np.array(["a"]), np.array(["a"]), 0.5)


def test_a_lowest_rate_without_an_error_leaves_the_ratio_without_an_upper_end() -> None:
    spread = group_spread({"a": known(5, 1000), "b": known(0, 1000)})
    assert isinstance(spread, GroupSpread)
    assert (spread.highest, spread.lowest, spread.ratio, spread.high) == ("a", "b", None, None)
    assert spread.low == 1.0


def test_the_interval_of_the_ratio_covers_the_truth_in_nineteen_runs_of_twenty() -> None:
    # Four groups, one of which has three times the FMR of the others: the ratio of the extremes is 3.
    random = np.random.default_rng(5)
    truth = {"a": 0.01, "b": 0.01, "c": 0.01, "d": 0.03}
    covered, above, runs = 0, 0, 300
    for _ in range(runs):
        spread = group_spread({k: known(int(random.binomial(3000, p)), 3000) for k, p in truth.items()})
        assert isinstance(spread, GroupSpread)
        assert spread.ratio is not None
        covered += spread.low <= 3.0 <= (spread.high or np.inf)
        above += spread.ratio > 3.0
    assert covered / runs >= 0.95
    assert above / runs > 0.5, "the observed ratio picks the extremes, so it is biased upwards"


def test_more_trials_make_the_interval_narrower() -> None:
    spreads = [group_spread({"a": known(2 * n, 100 * n), "b": known(n, 100 * n)}) for n in (10, 100, 1000)]
    widths = [s.high - s.low for s in spreads if isinstance(s, GroupSpread) and s.high is not None]
    assert len(widths) == 3
    assert all(wide > narrow for wide, narrow in pairwise(widths))
