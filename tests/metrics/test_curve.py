import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import auc as area
from sklearn.metrics import roc_curve

from evaluator.metrics import (
    ErrorCurve,
    InsufficientData,
    Rate,
    ScoreSet,
    auc,
    error_curve,
    fmr,
    fnmr,
)

# few distinct values, so that most examples have ties
SCORES = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=20)


def curve_of(mated: list[float], non_mated: list[float]) -> ErrorCurve:
    curve = error_curve(mated, non_mated)
    assert isinstance(curve, ErrorCurve)
    return curve


def test_the_curve_has_a_point_at_every_distinct_score_and_one_above() -> None:
    # mated 1 2 2; non-mated 0 1 -> thresholds 0 1 2 2+
    curve = curve_of([1, 2, 2], [0, 1])
    assert curve.thresholds.tolist() == [0, 1, 2, np.nextafter(2, 3)]
    assert curve.false_matches.tolist() == [2, 1, 0, 0]
    assert curve.false_non_matches.tolist() == [0, 0, 1, 3]


def test_a_system_whose_scores_are_all_equal_has_two_points() -> None:
    curve = curve_of([0.5, 0.5], [0.5])
    assert curve.fmr.tolist() == [1, 0]
    assert curve.fnmr.tolist() == [0, 1]


def test_a_curve_needs_both_kinds_of_trials() -> None:
    assert error_curve([], [0.1]) == InsufficientData("there are no mated trials")
    assert error_curve([0.1], []) == InsufficientData("there are no non-mated trials")


@given(SCORES, SCORES)
def test_the_curve_is_what_each_threshold_gives_by_itself(mated: list[float], non_mated: list[float]) -> None:
    curve = curve_of(mated, non_mated)
    for threshold, x, y in zip(curve.thresholds, curve.fmr, curve.fnmr, strict=True):
        at = fmr(non_mated, threshold), fnmr(mated, threshold)
        assert [r.value for r in at if isinstance(r, Rate)] == [x, y]


@given(SCORES, SCORES)
def test_the_curve_equals_scikit_learn(mated: list[float], non_mated: list[float]) -> None:
    pairs, curve = ScoreSet.of(mated, non_mated), curve_of(mated, non_mated)
    x, y, thresholds = roc_curve(pairs.mated, pairs.score, drop_intermediate=False)
    np.testing.assert_allclose(curve.fmr[::-1], x, rtol=0, atol=1e-12)
    np.testing.assert_allclose(1 - curve.fnmr[::-1], y, rtol=0, atol=1e-12)
    assert curve.thresholds[::-1][1:].tolist() == thresholds[1:].tolist()  # theirs begins at inf


@given(SCORES, SCORES)
def test_corners_keep_the_area_under_the_curve(mated: list[float], non_mated: list[float]) -> None:
    corners = curve_of(mated, non_mated).corners()
    exact = auc(mated, non_mated)
    assert isinstance(exact, float)
    assert abs(area(corners.fmr, 1 - corners.fnmr) - exact) <= 1e-12


def test_corners_are_the_points_where_the_curve_turns() -> None:
    # mated 4, non-mated 1 2 3: three equal steps to the left, then one up; 2 and 3 lie inside
    curve = curve_of([4], [1, 2, 3])
    assert curve.fmr.tolist() == [1, 2 / 3, 1 / 3, 0, 0]
    assert curve.corners().thresholds.tolist() == [1, 4, np.nextafter(4, 5)]


def test_bands_are_the_exact_intervals_of_every_point() -> None:
    curve = curve_of([1, 2, 2], [0, 1])
    bands = curve.bands(0.9)
    for i in range(curve.thresholds.size):
        x = binomtest(int(curve.false_matches[i]), 2).proportion_ci(0.9, method="exact")
        y = binomtest(int(curve.false_non_matches[i]), 3).proportion_ci(0.9, method="exact")
        found = bands.fmr_low[i], bands.fmr_high[i], bands.fnmr_low[i], bands.fnmr_high[i]
        np.testing.assert_allclose(found, (x.low, x.high, y.low, y.high), rtol=0, atol=1e-12)
