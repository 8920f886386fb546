import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from evaluator.metrics import (
    InsufficientData,
    Rate,
    clopper_pearson,
    fmr,
    fnmr,
    rate,
    trials_needed,
    zero_error_bound,
)


def counted(found: Rate | InsufficientData) -> tuple[int, int]:
    assert isinstance(found, Rate)
    return found.errors, found.trials


def test_a_larger_score_means_more_alike() -> None:
    assert counted(fmr([0.1, 0.9], 0.5)) == (1, 2)  # 0.9 is a false match
    assert counted(fnmr([0.1, 0.9], 0.5)) == (1, 2)  # 0.1 is a false non-match


def test_a_score_exactly_on_the_threshold_is_a_match() -> None:
    assert counted(fmr([0.5], 0.5)) == (1, 1)
    assert counted(fnmr([0.5], 0.5)) == (0, 1)
    assert counted(fmr([0.5], np.nextafter(0.5, 1))) == (0, 1)
    assert counted(fnmr([0.5], np.nextafter(0.5, 1))) == (1, 1)


def test_without_trials_there_is_no_rate_but_a_reason() -> None:
    assert fmr([], 0.5) == InsufficientData("there are no non-mated trials")
    assert fnmr([], 0.5) == InsufficientData("there are no mated trials")


def test_a_rate_carries_its_counts_and_its_exact_interval() -> None:
    # 3 of 3000, published: [0.00021, 0.00292]
    found = rate(3, 3000)
    assert isinstance(found, Rate)
    assert (found.errors, found.trials, found.value, found.confidence) == (3, 3000, 0.001, 0.95)
    assert (round(found.low, 5), round(found.high, 5)) == (0.00021, 0.00292)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("trials", [1, 2, 10, 137, 3000, 6000])
def test_intervals_equal_scipy_binomtest(trials: int, confidence: float) -> None:
    errors = np.unique([0, 1, 2, trials // 100, trials // 3, trials - 1, trials])
    low, high = clopper_pearson(errors[errors <= trials], trials, confidence)
    for k, below, above in zip(errors.tolist(), low, high, strict=False):
        exact = binomtest(k, trials).proportion_ci(confidence, method="exact")
        assert abs(below - exact.low) <= 1e-12
        assert abs(above - exact.high) <= 1e-12


def test_the_interval_covers_the_truth_at_least_as_often_as_it_says() -> None:
    trials, k = 40, np.arange(41)
    low, high = clopper_pearson(k, trials)
    for p in (0.001, 0.01, 0.1, 0.3, 0.5, 0.9):
        assert binom.pmf(k[(low <= p) & (p <= high)], trials, p).sum() >= 0.95


@given(st.integers(1, 10**6), st.sampled_from([0.9, 0.95, 0.99]))
def test_the_zero_error_bound_is_the_rate_at_which_no_error_is_still_possible(trials: int, confidence: float) -> None:
    bound = zero_error_bound(trials, confidence=confidence)
    np.testing.assert_allclose((1 - bound) ** trials, 1 - confidence, rtol=1e-6)


@given(st.floats(1e-5, 0.5))
def test_trials_needed_is_the_smallest_number_whose_bound_reaches_the_target(target: float) -> None:
    needed = trials_needed(target)
    assert zero_error_bound(needed) <= target * (1 + 1e-9)
    assert needed == 1 or zero_error_bound(needed - 1) > target * (1 - 1e-9)


def test_a_rate_is_well_supported_from_thirty_errors_on() -> None:
    support = [r.well_supported for r in (rate(29, 3000), rate(30, 3000)) if isinstance(r, Rate)]
    assert support == [False, True]


@pytest.mark.parametrize(("errors", "trials"), [(-1, 10), (11, 10), (1, 0), (0, -1)])
def test_impossible_counts_are_refused(errors: int, trials: int) -> None:
    with pytest.raises(ValueError, match="errors must be within"):
        rate(errors, trials)


def test_impossible_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="confidence"):
        rate(1, 10, confidence=1.0)
    with pytest.raises(ValueError, match="confidence"):
        zero_error_bound(10, confidence=0.0)
    with pytest.raises(ValueError, match="trials must be at least 1"):
        zero_error_bound(0)
    with pytest.raises(ValueError, match="target rate"):
        trials_needed(0.0)
