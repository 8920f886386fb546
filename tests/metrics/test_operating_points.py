import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from evaluator.metrics import (
    InsufficientData,
    OperatingPoint,
    Rate,
    ScoreSet,
    fmr_at_fnmr,
    fmr_kept,
    fnmr_at_fmr,
    fta,
    operating_point,
    upper_limit,
)

SCORES = st.lists(st.integers(0, 12).map(float), min_size=30, max_size=60)


def value(found: Rate | InsufficientData) -> float:
    assert isinstance(found, Rate)
    return found.value


def point(found: OperatingPoint | InsufficientData) -> OperatingPoint:
    assert isinstance(found, OperatingPoint)
    return found


def test_fmr_at_the_operating_point_is_at_most_the_target_and_never_merely_the_nearest() -> None:
    # 3000 scores 0..2999; 0.4 % are 12, 0.45 % are 13.5. The nearest rate to 0.46 % is 14 / 3000
    # = 0.467 %; at most means 13 / 3000, at the score 2987.
    pairs = ScoreSet.of([5000.0], np.arange(3000))
    found = point(fnmr_at_fmr(pairs, 0.0046))
    assert (found.threshold, found.fmr) == (2987, operating_point(pairs, 2987).fmr)
    assert value(found.fmr) == 13 / 3000
    # a rate equal to the target is at most the target
    assert value(point(fnmr_at_fmr(pairs, 0.001)).fmr) == 0.001


def test_equal_scores_are_let_in_together_or_not_at_all() -> None:
    # 60 non-mated scores, the best 10 of them tied: FMR is 10/60 or 0, so at most 0.1 means 0
    pairs = ScoreSet.of([9, 9, 5], [5.0] * 10 + [1.0] * 50)
    found = point(fnmr_at_fmr(pairs, 0.1))
    assert (found.threshold, value(found.fmr)) == (9, 0)
    assert value(found.fnmr) == 1 / 3


def test_where_no_score_is_strict_enough_the_threshold_is_the_next_float_above_all_scores() -> None:
    pairs = ScoreSet.of([0.5, 0.5], [0.5] * 30)
    found = point(fnmr_at_fmr(pairs, 0.1))
    assert found.threshold == np.nextafter(0.5, 1)
    assert (value(found.fmr), value(found.fnmr)) == (0, 1)
    # in the other direction the lowest score always will do
    found = point(fmr_at_fnmr(ScoreSet.of([0.5] * 30, [0.5]), 0.1))
    assert (found.threshold, value(found.fnmr), value(found.fmr)) == (0.5, 0, 1)


@given(SCORES, SCORES, st.sampled_from([0.1, 0.2, 0.5, 0.9]))
@settings(max_examples=40, deadline=None)  # each is held against 56 thresholds
def test_no_other_threshold_does_better_within_the_limit(
    mated: list[float], non_mated: list[float], target: float
) -> None:
    pairs = ScoreSet.of(mated, non_mated)
    every = [operating_point(pairs, t) for t in np.arange(-0.5, 13.5, 0.25)]

    found = point(fnmr_at_fmr(pairs, target))
    assert value(found.fmr) <= target
    assert value(found.fnmr) == min(value(p.fnmr) for p in every if value(p.fmr) <= target)
    lower = [s for s in (*mated, *non_mated) if s < found.threshold]
    assert all(value(operating_point(pairs, s).fmr) > target for s in lower)

    found = point(fmr_at_fnmr(pairs, target))
    assert value(found.fnmr) <= target
    assert value(found.fmr) == min(value(p.fmr) for p in every if value(p.fnmr) <= target)
    higher = [s for s in (*mated, *non_mated) if s > found.threshold]
    assert all(value(operating_point(pairs, s).fnmr) > target for s in higher)


def test_a_target_that_even_no_error_would_not_show_is_refused() -> None:
    # 1 - 0.05 ** (1 / 3000) = 0.000998: just enough for 1e-3, not for 1e-4
    pairs = ScoreSet.of(np.full(3000, 1.0), np.zeros(3000))
    assert value(point(fnmr_at_fmr(pairs, 1e-3)).fmr) == 0
    assert value(point(fmr_at_fnmr(pairs, 1e-3)).fnmr) == 0
    assert fnmr_at_fmr(pairs, 1e-4) == InsufficientData(
        "FMR at most 0.0001 needs at least 29956 non-mated trials, there are 3000: "
        "even without an error they show only FMR < 0.000998 (one-sided 95%)"
    )
    assert isinstance(fmr_at_fnmr(pairs, 1e-4), InsufficientData)


@pytest.mark.parametrize(("trials", "carries"), [(2994, False), (2995, True)])
def test_the_sample_carries_one_in_a_thousand_from_2995_trials_on(trials: int, carries: bool) -> None:
    pairs = ScoreSet.of([1.0], np.zeros(trials))
    assert isinstance(fnmr_at_fmr(pairs, 1e-3), OperatingPoint) is carries


@pytest.mark.parametrize(("target", "observed_only"), [(1e-2, 0.4), (1e-3, 0.5)])
def test_the_true_fmr_is_above_a_promised_one_in_at_most_one_run_of_twenty(target: float, observed_only: float) -> None:
    """600 data sets of 3000 pairs of each kind; the true FMR of any threshold is known, for the distribution is."""
    random = np.random.default_rng(20)
    sets = [ScoreSet.of(random.normal(0.35, 0.15, 3000), random.normal(0, 0.1, 3000)) for _ in range(600)]

    def broken(found: OperatingPoint | InsufficientData) -> bool:
        return bool(norm.sf(point(found).threshold / 0.1) > target)

    assert sum(broken(fmr_kept(pairs, target)) for pairs in sets) <= 0.05 * len(sets)
    assert sum(broken(fnmr_at_fmr(pairs, target)) for pairs in sets) > observed_only * len(sets), (
        "what is observed is no promise"
    )


def test_a_promised_fmr_allows_the_most_false_matches_whose_limit_keeps_it() -> None:
    pairs = ScoreSet.of([5000.0], np.arange(3000))
    for target, errors in ((1e-2, 20), (1e-3, 0), (0.5, 1454)):
        found = point(fmr_kept(pairs, target))
        assert isinstance(found.fmr, Rate)
        assert found.fmr.errors == errors
        assert found.fmr.upper <= target < float(upper_limit(errors + 1, 3000))
        assert found.threshold == np.nextafter(2999.0 - errors, np.inf)
    tied = point(fmr_kept(ScoreSet.of([1], np.repeat([0.0, 1.0], [2970, 30])), 1e-2))
    assert (tied.threshold, value(tied.fmr)) == (np.nextafter(1, 2), 0), "30 equal scores are one too many for 20"


def test_a_promise_needs_no_mated_trials_and_is_refused_where_no_error_at_all_would_not_carry_it() -> None:
    found = point(fmr_kept(ScoreSet.of([], np.arange(3000)), 1e-3))
    assert found.fnmr == InsufficientData("there are no mated trials")
    for trials in (2994, 2995):
        pairs = ScoreSet.of([], np.arange(trials))
        assert isinstance(fmr_kept(pairs, 1e-3), OperatingPoint) is (trials == 2995)
        assert (upper_limit(0, trials) <= 1e-3) == (trials == 2995), "what is printed is what it was refused by"
    assert fmr_kept(ScoreSet.of([1.0], []), 0.1) == InsufficientData("there are no non-mated trials")


def test_without_one_kind_of_trials_there_is_a_reason() -> None:
    only_mated, only_non_mated = ScoreSet.of(np.ones(50), []), ScoreSet.of([], np.ones(50))
    assert fnmr_at_fmr(only_mated, 0.1) == InsufficientData("there are no non-mated trials")
    assert fnmr_at_fmr(only_non_mated, 0.1) == InsufficientData("there are no mated trials")
    assert fmr_at_fnmr(only_mated, 0.1) == InsufficientData("there are no non-mated trials")
    assert fmr_at_fnmr(only_non_mated, 0.1) == InsufficientData("there are no mated trials")


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1, float("nan")])
def test_an_impossible_target_is_refused(target: float) -> None:
    with pytest.raises(ValueError, match="target rate"):
        fnmr_at_fmr(ScoreSet.of([1], [0]), target)


def test_a_point_is_well_supported_when_both_rates_rest_on_thirty_errors() -> None:
    mated, non_mated = np.repeat([0.0, 1.0], [30, 300]), np.repeat([0.0, 1.0], [300, 30])
    assert operating_point(ScoreSet.of(mated, non_mated), 1.0).well_supported
    assert not operating_point(ScoreSet.of(mated[1:], non_mated), 1.0).well_supported
    assert not operating_point(ScoreSet.of(mated, non_mated[:-1]), 1.0).well_supported


def test_a_failure_to_acquire_is_left_out_of_fmr_and_fnmr_and_a_non_match_in_far_and_frr() -> None:
    # mated: 6 completed with 1 below 0.5, 2 failed; non-mated: 4 completed with 1 above, 4 failed
    nan = np.nan
    score = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, nan, nan, 0.6, 0.1, 0.2, 0.3, *[nan] * 4])
    pairs = ScoreSet(score, np.arange(16) < 8, ~np.isnan(score))
    found, failed = operating_point(pairs, 0.5), fta(pairs)
    assert (value(found.fnmr), value(found.fmr)) == (1 / 6, 1 / 4)
    assert (value(found.frr), value(found.far)) == (3 / 8, 1 / 8)
    # ISO/IEC 19795-1: FRR = FTA + FNMR (1 - FTA), FAR = FMR (1 - FTA)
    a, b = value(failed.mated_pair_rate), value(failed.non_mated_pair_rate)
    assert value(found.frr) == pytest.approx(a + value(found.fnmr) * (1 - a), abs=1e-15)
    assert value(found.far) == pytest.approx(value(found.fmr) * (1 - b), abs=1e-15)
