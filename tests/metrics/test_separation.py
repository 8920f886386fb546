import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from evaluator.metrics import EqualErrorRate, InsufficientData, Rate, ScoreSet, auc, d_prime, eer

SCORES = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=20)


def eer_of(mated: list[float], non_mated: list[float]) -> EqualErrorRate:
    found = eer(mated, non_mated)
    assert isinstance(found, EqualErrorRate)
    return found


def test_eer_is_exact_where_a_threshold_makes_the_rates_equal() -> None:
    # threshold 3: one of four non-mated (5) reaches it, one of four mated (2) does not
    found = eer_of([2, 4, 6, 7], [0, 1, 1, 5])
    assert (found.value, found.threshold) == (0.25, 4)
    assert (found.fmr.value, found.fnmr.value) == (0.25, 0.25)


def test_eer_of_separated_scores_is_zero() -> None:
    assert eer_of([2, 3], [0, 1]).value == 0
    assert eer_of([0, 1], [2, 3]).value == 1


def test_eer_is_interpolated_on_the_polygon_where_no_threshold_is_equal() -> None:
    # (FMR, FNMR) is (2/3, 1/4) at the threshold 2 and (0, 1/4) at 3; FNMR = 1/4 all along
    found = eer_of([1, 3, 4, 5], [0, 2, 2])
    assert abs(found.value - 0.25) <= 1e-15
    # 0 + 1/4 is less than 2/3 + 1/4, so the nearest threshold is 3
    assert (found.threshold, found.fmr.errors, found.fnmr.errors) == (3, 0, 1)


def test_the_threshold_beside_the_eer_is_the_one_with_the_smaller_sum_of_rates() -> None:
    # (FMR, FNMR) is (0.5, 0.4) at 2 and (0.2, 0.4) at 3: the sum prefers 3, the difference 2
    found = eer_of([1.0] * 4 + [9.0] * 6, [0.0] * 5 + [2.0] * 3 + [3.0] * 2)
    assert found.threshold == 3
    assert abs(found.value - 0.4) <= 1e-15


def test_eer_of_a_system_whose_scores_are_all_equal_is_one_half() -> None:
    # from (1, 0) straight to (0, 1)
    found = eer_of([7, 7, 7], [7, 7])
    assert (found.value, found.threshold) == (0.5, 7)


@given(SCORES, SCORES)
def test_eer_lies_within_the_interval_of_fvc2000(mated: list[float], non_mated: list[float]) -> None:
    found = eer_of(mated, non_mated)
    low, high = sorted([found.fmr.value, found.fnmr.value])
    assert low - 1e-12 <= found.value <= high + 1e-12


def test_auc_counts_a_tie_as_one_half() -> None:
    # 9 pairs: 3 > {1, 2, 3}: 2.5; 3 again: 2.5; 1 > {1, 2, 3}: 0.5 -> 5.5 / 9
    assert auc([3, 3, 1], [1, 2, 3]) == 5.5 / 9
    assert auc([7, 7], [7]) == 0.5


@given(SCORES, SCORES)
def test_auc_equals_scikit_learn(mated: list[float], non_mated: list[float]) -> None:
    pairs = ScoreSet.of(mated, non_mated)
    found = auc(mated, non_mated)
    assert isinstance(found, float)
    assert abs(found - roc_auc_score(pairs.mated, pairs.score)) <= 1e-12


def test_d_prime_is_signed_and_uses_sample_variances() -> None:
    # means 5 and 2; variances (ddof=1) 4 and 1; root mean square sqrt(2.5)
    assert d_prime([3, 5, 7], [1, 2, 3]) == pytest.approx(3 / 2.5**0.5, abs=1e-15)
    assert d_prime([1, 2, 3], [3, 5, 7]) == pytest.approx(-3 / 2.5**0.5, abs=1e-15)


def test_d_prime_needs_a_spread() -> None:
    assert isinstance(d_prime([1], [0, 2]), InsufficientData)
    # 0.1 three times has a variance of 1.9e-34 in floating point
    assert isinstance(d_prime([0.1] * 3, [0.1] * 3), InsufficientData)
    assert isinstance(d_prime([0.1] * 3, [0, 1]), float)


@pytest.mark.parametrize("metric", [eer, auc])
def test_without_one_kind_of_trials_there_is_a_reason(metric: object) -> None:
    assert callable(metric)
    assert metric([], [0.1]) == InsufficientData("there are no mated trials")
    assert metric([0.1], []) == InsufficientData("there are no non-mated trials")


def test_the_rates_beside_the_eer_carry_intervals() -> None:
    found = eer_of(list(np.linspace(0.4, 1, 50)), list(np.linspace(0, 0.6, 50)))
    for side in (found.fmr, found.fnmr):
        assert isinstance(side, Rate)
        assert side.low < side.value < side.high
