"""Figures with weights: with weights of 1 they are the plain ones, with whole weights those of repeated pairs."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.metrics import (
    EqualErrorRate,
    InsufficientData,
    OperatingPoint,
    People,
    Resamples,
    ScoreSet,
    WeightedScores,
    auc,
    d_prime,
    eer,
    fmr_at_fnmr,
    fnmr_at_fmr,
)
from tests.metrics import reference

CIMAT = json.loads((Path(__file__).parent / "reference_cimat.json").read_text(encoding="utf-8"))
TARGET = 0.2


@st.composite
def weighted_pairs(draw: st.DrawFn) -> tuple[ScoreSet, list[int]]:
    """Scores with ties, 15 of each kind that weigh something, and pairs that weigh nothing or were not acquired."""
    size = draw(st.integers(40, 60))
    score = np.array(draw(st.lists(st.integers(-6, 6), min_size=size, max_size=size)), dtype=float)
    weights = draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    weights[:30] = [max(weight, 1) for weight in weights[:30]]
    acquired = np.array([True] * 30 + draw(st.lists(st.booleans(), min_size=size - 30, max_size=size - 30)))
    return ScoreSet(np.where(acquired, score, np.nan), np.arange(size) % 2 == 0, acquired), weights


@settings(max_examples=60, deadline=None)
@given(weighted_pairs())
def test_whole_weights_are_repeated_pairs(case: tuple[ScoreSet, list[int]]) -> None:
    pairs, weights = case
    often = np.repeat(np.arange(len(weights)), weights)
    repeated = ScoreSet(pairs.score[often], pairs.mated[often], pairs.acquired[often])
    weighted, given_weights = WeightedScores(pairs), np.array([weights], dtype=float)
    mated, non_mated = repeated.mated_scores, repeated.non_mated_scores

    equal, at_fmr, at_fnmr = eer(mated, non_mated), fnmr_at_fmr(repeated, TARGET), fmr_at_fnmr(repeated, TARGET)
    assert isinstance(equal, EqualErrorRate)
    assert isinstance(at_fmr, OperatingPoint)
    assert isinstance(at_fnmr, OperatingPoint)
    assert not isinstance(at_fmr.fnmr, InsufficientData)
    assert not isinstance(at_fmr.frr, InsufficientData)
    assert not isinstance(at_fnmr.fmr, InsufficientData)
    assert weighted.eer(given_weights)[0] == pytest.approx(equal.value, abs=1e-9)
    assert weighted.auc(given_weights)[0] == pytest.approx(auc(mated, non_mated), abs=1e-12)
    spread = d_prime(mated, non_mated)
    if not isinstance(spread, InsufficientData):
        assert weighted.d_prime(given_weights)[0] == pytest.approx(spread, abs=1e-9)
    failed = pairs.mated & ~pairs.acquired
    assert weighted.fnmr_at_fmr(TARGET)(given_weights)[0] == pytest.approx(at_fmr.fnmr.value, abs=1e-12)
    assert weighted.fnmr_at_fmr(TARGET, failed=failed)(given_weights)[0] == pytest.approx(at_fmr.frr.value, abs=1e-12)
    assert weighted.fmr_at_fnmr(TARGET)(given_weights)[0] == pytest.approx(at_fnmr.fmr.value, abs=1e-12)


def test_a_resample_without_one_kind_has_no_figure() -> None:
    pairs, weights = WeightedScores(ScoreSet.of([0.9, 0.8], [0.1, 0.2])), np.array([[1.0, 1, 0, 0], [0, 0, 1, 1]])
    for statistic in (pairs.eer, pairs.auc, pairs.d_prime, pairs.fnmr_at_fmr(0.1), pairs.fmr_at_fnmr(0.1)):
        assert np.isnan(statistic(weights)).all()


def test_the_spread_of_the_auc_is_that_of_cimat() -> None:
    """Theirs draws each person or does not, ours with replacement; neither is shrunk, so their widths are compared."""
    one, other, score = (np.array(column) for column in zip(*reference.pairs(), strict=True))
    people = People.of(one, other)
    pairs = WeightedScores(ScoreSet(score, people.mated, np.ones(score.size, dtype=np.bool_)))
    found = np.concatenate([pairs.auc(weights) for weights in Resamples(people).weights()])
    low, high = np.quantile(found, [0.025, 0.975])
    assert pairs.auc(np.ones((1, score.size)))[0] == pytest.approx(CIMAT["auc"], abs=1e-12)
    assert (low, high) == pytest.approx(tuple(CIMAT["auc_interval"]), abs=0.015)
