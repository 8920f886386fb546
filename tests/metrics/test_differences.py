from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.metrics import (
    People,
    Resamples,
    ScoreSet,
    difference_at_fmr,
    difference_at_same_fmr,
    difference_at_thresholds,
    false_matches_allowed,
    strangers,
    threshold_for_false_matches,
)
from evaluator.metrics.people import Statistic

MATED = np.arange(30) < 10
ONCE = np.ones((1, 30))


def run_of(draw: st.DrawFn) -> ScoreSet:
    """Ten mated and twenty non-mated pairs: whole numbers with ties, some not acquired."""
    score = np.array(draw(st.lists(st.integers(-5, 5), min_size=30, max_size=30)), float)
    acquired = np.array(draw(st.lists(st.integers(0, 9), min_size=30, max_size=30))) > 0
    acquired[[0, -1]] = True
    return ScoreSet(np.where(acquired, score, np.nan), MATED, acquired)


runs = st.composite(run_of)()
weights = st.lists(st.integers(0, 3), min_size=30, max_size=30).map(
    lambda row: np.array([[5, *row[1:-1], 1]], float)  # of either kind one at least
)


def repeated(run: ScoreSet, weight: np.ndarray) -> ScoreSet:
    """The pairs as often as they weigh."""
    rows = np.repeat(np.arange(30), weight[0].astype(int))
    return ScoreSet(run.score[rows], run.mated[rows], run.acquired[rows])


def missed(run: ScoreSet, allowed: int) -> int:
    if not run.acquired.any():
        return int(run.mated.sum())
    return int(np.count_nonzero(~run.correct(threshold_for_false_matches(run, allowed)) & run.mated))


def test_the_difference_is_counted_on_the_pairs_of_its_kind() -> None:
    first, second = np.array([True, True, False, True]), np.array([False, True, True, False])
    mated = np.array([True, True, True, False])
    assert difference_at_thresholds(first, second, mated)(np.ones((1, 4))).tolist() == [0.0]
    # the first pair twice, the third not at all: two of three are missed
    assert difference_at_thresholds(first, second, mated)(np.array([[2.0, 1, 0, 7]])).tolist() == [2 / 3]
    assert difference_at_thresholds(first, second, ~mated)(np.ones((1, 4))).tolist() == [1.0]


def test_the_second_run_gets_as_many_false_matches_as_the_first() -> None:
    first = ScoreSet.of([6, 7, 8, 9], [1, 2, 3, 6])
    second = ScoreSet.of([50, 30, 30, 9], [10, 20, 30, 40])
    # at 6 the first run has one false match, so the second decides just above 30 and misses three
    assert difference_at_same_fmr(first, second, 6)(np.ones((1, 8))).tolist() == [0.75]
    assert difference_at_fmr(first, second, 0.25)(np.ones((1, 8))).tolist() == [0.75]
    # with that pair twice there may be two of five: 40, and 30 is the third
    twice = np.array([[1, 1, 1, 1, 1, 1, 1, 2.0]])
    assert difference_at_same_fmr(first, second, 6)(twice).tolist() == [0.75]
    without = np.array([[1, 1, 1, 1, 1, 1, 1, 0.0]])
    assert difference_at_same_fmr(first, second, 6)(without).tolist() == [0.75]


@settings(max_examples=40)
@given(runs, runs, st.integers(-5, 5), weights)
def test_a_weight_is_how_often_a_pair_is_there(
    first: ScoreSet, second: ScoreSet, threshold: int, weight: np.ndarray
) -> None:
    one, other = repeated(first, weight), repeated(second, weight)
    pairs = np.count_nonzero(one.mated)
    of_first = int(np.count_nonzero(~one.correct(threshold) & ~one.mated))
    of_target = int(false_matches_allowed(0.1, np.count_nonzero(~one.mated)))
    for statistic, allowed in (
        (difference_at_same_fmr(first, second, threshold), of_first),
        (difference_at_fmr(first, second, 0.1), of_target),
    ):
        assert statistic(weight).tolist() == [(missed(other, allowed) - missed(one, allowed)) / pairs]


@settings(max_examples=40)
@given(runs, runs, weights)
def test_swapped_runs_mirror(first: ScoreSet, second: ScoreSet, weight: np.ndarray) -> None:
    def both_ways(statistic: Callable[[ScoreSet, ScoreSet], Statistic]) -> tuple[float, float]:
        return float(statistic(first, second)(weight)[0]), -float(statistic(second, first)(weight)[0])

    for there, back in (
        both_ways(lambda a, b: difference_at_thresholds(a.correct(1), b.correct(1), ~MATED)),
        both_ways(lambda a, b: difference_at_fmr(a, b, 0.1)),
    ):
        assert there == back


@settings(max_examples=40)
@given(runs, weights)
def test_a_run_does_not_differ_from_itself(run: ScoreSet, weight: np.ndarray) -> None:
    assert difference_at_fmr(run, run, 0.1)(weight).tolist() == [0.0]
    assert difference_at_thresholds(run.correct(1), run.correct(1), MATED)(weight).tolist() == [0.0]


def test_a_kind_without_pairs_is_refused_and_a_resample_without_them_has_no_value() -> None:
    right = np.array([True, False])
    with pytest.raises(ValueError, match="no pairs of this kind"):
        difference_at_thresholds(right, right, np.array([False, False]))
    assert np.isnan(difference_at_thresholds(right, right, np.array([True, False]))(np.array([[0.0, 1.0]])))


def test_an_interval_over_people_is_wider_where_one_person_makes_the_difference() -> None:
    # Of 400 mated pairs the second run misses 20 more, all of one person, or each of another.
    first, mated = np.ones(400, bool), np.ones(400, bool)
    subject = np.repeat(np.arange(20), 20).astype(str)

    def deviation(missing: np.ndarray) -> float:
        statistic = difference_at_thresholds(first, ~missing, mated)
        found = Resamples(People.of(subject, subject)).interval(statistic)
        assert found is not None
        assert found.value == 0.05
        return found.deviation

    assert deviation(np.arange(400) < 20) > 3 * deviation(np.arange(400) % 20 == 0)


def test_pairs_of_a_list_without_names_are_strangers() -> None:
    people = strangers(np.array([True, False, True]))
    assert people.mated.tolist() == [True, False, True]
    assert people.count == 4
