"""Resampling people: what the weights are, and how often the interval holds the truth that made the pairs."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm

from evaluator.metrics import People, Resamples

Floats = npt.NDArray[np.float64]


def all_pairs_of(count: int) -> People:
    """Every two of some people."""
    reference, probe = zip(*combinations(range(count), 2), strict=True)
    return People(np.array(reference), np.array(probe), count)


def strangers(pairs: int) -> People:
    """Nobody is in two pairs."""
    return People(np.arange(pairs), np.arange(pairs, 2 * pairs), 2 * pairs)


def share(wrong: npt.NDArray[np.bool_]) -> Callable[[Floats], Floats]:
    return lambda weights: weights @ wrong / weights.sum(axis=1)


def test_a_mated_pair_counts_as_often_as_its_person_and_a_non_mated_one_the_product_of_both() -> None:
    people = People.of(["ada", "ada", "bo", "bo", "ada"], ["ada", "bo", "bo", "cy", "ada"])
    weights = np.concatenate(list(Resamples(people, replicates=200).weights()))
    assert weights.shape == (200, 5)
    ada, bo = weights[:, 0], weights[:, 2]
    assert (weights[:, 4] == ada).all()
    assert (weights[:, 1] == ada * bo).all()
    cy = 3 - ada - bo  # as many are drawn as there are
    assert (weights[:, 3] == bo * cy).all()


def test_the_draws_are_the_same_whenever_they_are_made() -> None:
    people = strangers(30)
    first, second = ([*Resamples(people).weights()] for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    assert (first[0] != next(Resamples(people, seed=1).weights())).any()


def test_pairs_of_strangers_are_worth_as_many_as_they_are() -> None:
    found = Resamples(strangers(1000)).interval(share(np.arange(1000) % 20 == 0))
    assert found
    assert found.deviation == pytest.approx((0.05 * 0.95 / 1000) ** 0.5, rel=0.1)


def test_mated_pairs_of_one_person_that_are_wrong_together_are_worth_one() -> None:
    of_person = np.repeat(np.arange(100), 10)
    found = Resamples(People(of_person, of_person, 100)).interval(share(of_person % 5 == 0))
    assert found
    assert found.deviation == pytest.approx((0.2 * 0.8 / 100) ** 0.5, rel=0.1)


def test_a_figure_that_no_resample_moves_has_no_interval_rather_than_one_of_no_width() -> None:
    assert Resamples(strangers(100)).interval(share(np.zeros(100, dtype=np.bool_))) is None


def test_a_figure_that_most_resamples_do_not_have_has_no_interval() -> None:
    people = strangers(100)
    assert Resamples(people).interval(lambda weights: np.where(weights[:, 0] > 0, weights.sum(axis=1), np.nan)) is None


def test_a_long_list_gets_fewer_replicates_and_never_fewer_than_200() -> None:
    assert Resamples(strangers(6000)).replicates == 1000
    assert Resamples(strangers(100_000)).replicates == 300
    assert Resamples(strangers(400_000)).replicates == 200


@pytest.mark.parametrize(("of_people", "binomial_covers"), [(0.0, 0.95), (0.2, 0.63), (0.4, 0.47)])
def test_the_interval_holds_the_true_rate_where_people_recur(of_people: float, binomial_covers: float) -> None:
    """All pairs of 50 people; `of_people` is the part of a score's variance that comes from its two people."""
    people, random, runs, pairs = all_pairs_of(50), np.random.default_rng(5), 300, 1225
    person, noise = random.normal(size=(runs, 50)), random.normal(size=(runs, pairs))
    score = (of_people / 2) ** 0.5 * (person[:, people.reference] + person[:, people.probe])
    wrong = score + (1 - of_people) ** 0.5 * noise >= norm.isf(0.1)
    found = Resamples(people, replicates=200).intervals(*map(share, wrong))
    by_people = np.mean([interval is not None and interval.low <= 0.1 <= interval.high for interval in found])
    counted = wrong.mean(axis=1)
    by_pairs = np.mean(abs(counted - 0.1) <= 1.96 * (counted * (1 - counted) / pairs) ** 0.5)
    assert by_people == pytest.approx(0.93, abs=0.03)
    assert by_pairs == pytest.approx(binomial_covers, abs=0.05)
