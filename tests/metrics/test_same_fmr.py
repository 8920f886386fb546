from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from evaluator.metrics import (
    OperatingPoint,
    ScoreSet,
    false_matches_allowed,
    fnmr_at_fmr,
    mcnemar,
    same_fmr,
    threshold_for_false_matches,
)


def integers(size: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(-6, 6), min_size=size, max_size=size)


@st.composite
def two_runs(draw: st.DrawFn) -> tuple[ScoreSet, ScoreSet]:
    """12 mated and 20 non-mated pairs with many ties, of which some were not acquired."""
    mated = np.arange(32) < 12
    runs = []
    for _ in range(2):
        acquired = np.array(draw(st.lists(st.integers(0, 7), min_size=32, max_size=32))) > 0
        acquired[0] = True
        runs.append(ScoreSet(np.where(acquired, np.array(draw(integers(32)), float), np.nan), mated, acquired))
    return runs[0], runs[1]


def test_the_threshold_is_the_smallest_that_lets_no_more_false_matches_through() -> None:
    run = ScoreSet.of([7, 8], [1, 2, 3, 3, 4])
    assert threshold_for_false_matches(run, 1) == np.nextafter(3, np.inf)
    # 3 is there twice, so that exactly two false matches cannot be had
    assert threshold_for_false_matches(run, 2) == np.nextafter(3, np.inf)
    assert threshold_for_false_matches(run, 3) == np.nextafter(2, np.inf)
    assert threshold_for_false_matches(run, 0) == np.nextafter(4, np.inf)
    assert threshold_for_false_matches(run, 5) == 1


@settings(max_examples=40)
@given(st.integers(1, 4000), st.integers(1, 4000))
def test_a_share_of_the_pairs_allows_exactly_its_count(count: int, pairs: int) -> None:
    assert false_matches_allowed(min(count, pairs) / pairs, pairs) == min(count, pairs)
    assert false_matches_allowed((min(count, pairs) - 0.5) / pairs, pairs) == min(count, pairs) - 1


def test_a_run_that_misses_more_at_every_threshold_it_could_have_is_found() -> None:
    # Ten of the second run's mated pairs lie below all its non-mated scores: no threshold that could be the right one
    # helps them. 2 * 0.5**10, and the 0.001 for not knowing the threshold.
    first = ScoreSet.of([90] * 20, range(60))
    second = ScoreSet.of([-5] * 10 + [90] * 10, range(60))
    found = same_fmr(first, second, 2)
    assert (found.only_first_correct, found.only_second_correct) == (10, 0)
    assert found.p_value == pytest.approx(2 * 0.5**10 + 0.001)
    assert found.first_threshold == found.second_threshold == np.nextafter(57, np.inf)
    # and so is the other way round: the first run misses more
    assert same_fmr(second, first, 2).p_value == found.p_value
    assert same_fmr(second, first, 2).only_second_correct == 10


def test_a_difference_that_another_threshold_undoes_is_none() -> None:
    first = ScoreSet.of([90] * 20, range(60))
    # missed at 2 false matches; at 8, which cannot be told from 2, they match
    second = ScoreSet.of([52] * 20, range(60))
    found = same_fmr(first, second, 2)
    assert (found.only_first_correct, found.only_second_correct) == (20, 0)
    assert found.most_false_matches > 8
    assert found.p_value == 1.0
    assert mcnemar(first.correct(58), second.correct(found.second_threshold)).p_value < 1e-5


@settings(max_examples=40)
@given(two_runs(), st.integers(0, 20))
def test_a_run_held_against_itself_does_not_differ(runs: tuple[ScoreSet, ScoreSet], allowed: int) -> None:
    found = same_fmr(runs[0], runs[0], allowed)
    assert (found.only_first_correct, found.only_second_correct, found.p_value) == (0, 0, 1.0)


@settings(max_examples=40)
@given(two_runs(), st.integers(0, 20))
def test_another_scale_changes_nothing_but_the_threshold(runs: tuple[ScoreSet, ScoreSet], allowed: int) -> None:
    first, second = runs
    cubed = ScoreSet(second.score**3 + second.score, second.mated, second.acquired)
    found, rescaled = same_fmr(first, second, allowed), same_fmr(first, cubed, allowed)
    assert replace(found, second_threshold=0.0) == replace(rescaled, second_threshold=0.0)


@settings(max_examples=40)
@given(two_runs(), st.integers(0, 20))
def test_swapped_runs_mirror(runs: tuple[ScoreSet, ScoreSet], allowed: int) -> None:
    first, second = runs
    found, mirrored = same_fmr(first, second, allowed), same_fmr(second, first, allowed)
    assert mirrored.p_value == found.p_value
    assert (mirrored.only_first_correct, mirrored.second_threshold) == (
        found.only_second_correct,
        found.first_threshold,
    )


def test_pairs_of_one_kind_alone_are_refused() -> None:
    only_mated = ScoreSet.of([1.0], [])
    with pytest.raises(ValueError, match="mated and non-mated pairs"):
        same_fmr(only_mated, only_mated, 0)


def test_a_difference_is_found_where_there_is_none_in_at_most_one_run_of_twenty() -> None:
    """One false match on average fixes the threshold; McNemar's test at that threshold is wrong in half of the runs."""
    random, runs, pairs = np.random.default_rng(3), 300, 150
    mated = np.arange(2 * pairs) < pairs
    wrong = naive = 0
    for _ in range(runs):
        pair = 0.5 * random.normal(size=2 * pairs) + 3.0 * mated
        first, second = (
            ScoreSet(pair + 0.8 * random.normal(size=2 * pairs), mated, np.ones(2 * pairs, bool)) for _ in range(2)
        )
        found = same_fmr(first, second, int(np.count_nonzero(first.non_mated_scores >= 2.3)))
        wrong += found.p_value < 0.05
        naive += mcnemar(first.correct(2.3)[mated], second.correct(found.second_threshold)[mated]).p_value < 0.05
    assert wrong <= binom.ppf(0.999, runs, 0.05)
    assert naive > binom.ppf(0.999, runs, 0.2)


def test_the_point_is_that_of_fnmr_at_fmr() -> None:
    random = np.random.default_rng(5)
    run = ScoreSet.of(random.normal(3, 1, 400), random.normal(0, 1, 400))
    by_rate = fnmr_at_fmr(run, 0.01)
    assert isinstance(by_rate, OperatingPoint)
    at = threshold_for_false_matches(run, int(false_matches_allowed(0.01, 400)))
    assert run.correct(at).tolist() == run.correct(by_rate.threshold).tolist()
