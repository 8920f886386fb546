"""What comparisons that share people are worth: against other people's code, and against a truth that is known."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm

from evaluator.metrics import (
    InsufficientData,
    People,
    PeopleRate,
    ScoreSet,
    Worth,
    Worths,
    clopper_pearson,
    fmr_kept,
    fnmr_at_fmr,
    rate_over_people,
    variance_over_people,
    worths,
)
from evaluator.metrics.dependence import disjoint_pairs
from tests.metrics import reference

CIMAT = json.loads((Path(__file__).parent / "reference_cimat.json").read_text(encoding="utf-8"))

Floats = npt.NDArray[np.float64]


def all_pairs_of(count: int) -> People:
    """Every two of some people."""
    reference, probe = zip(*combinations(range(count), 2), strict=True)
    return People(np.array(reference), np.array(probe), count)


def scores_of(people: People, of_people: float, random: np.random.Generator) -> Floats:
    """Normal scores; `of_people` is the part of their variance that comes from the two people."""
    person, noise = random.normal(size=people.count), random.normal(size=people.reference.size)
    shared = (of_people / 2) ** 0.5 * (person[people.reference] + person[people.probe])
    return np.asarray(shared + (1 - of_people) ** 0.5 * noise)


def non_mated(people: People, scores: Floats) -> ScoreSet:
    none = np.zeros(scores.size, dtype=np.bool_)
    labels = (people.reference.astype(np.str_), people.probe.astype(np.str_))
    return ScoreSet(scores, none, ~none, None, None, *labels)


@pytest.mark.parametrize("threshold", reference.THRESHOLDS)
def test_the_variance_over_people_is_that_of_cimat(threshold: float) -> None:
    one, other, score = (np.array(column) for column in zip(*reference.pairs(), strict=True))
    people = People.of(one, other)
    wrong = np.where(people.mated, score < threshold, score >= threshold)
    theirs = CIMAT["plug_in_variance"][str(threshold)]
    for name, kind in (("fnmr", people.mated), ("fmr", ~people.mated)):
        assert variance_over_people(wrong[kind], people.among(kind)) == pytest.approx(theirs[name], rel=1e-12)


@pytest.mark.parametrize(
    ("of_people", "target", "binomial_covers"),
    [(0.0, 0.1, 0.94), (0.2, 0.1, 0.62), (0.4, 0.1, 0.49), (0.4, 0.01, 0.72)],
)
def test_a_rate_over_people_holds_the_true_one_where_the_binomial_does_not(
    of_people: float, target: float, binomial_covers: float
) -> None:
    """All pairs of 60 people."""
    people, random, threshold = all_pairs_of(60), np.random.default_rng(3), norm.isf(target)
    by_people, by_pairs = [], []
    for _ in range(200):
        scores = scores_of(people, of_people, random)
        known = worths(non_mated(people, scores))
        assert isinstance(known, Worths)
        found = rate_over_people(scores >= threshold, people, known.non_mated)
        assert isinstance(found, PeopleRate)
        by_people.append(found.low <= target <= found.high)
        low, high = clopper_pearson(np.count_nonzero(scores >= threshold), scores.size)
        by_pairs.append(low <= target <= high)
    assert np.mean(by_people) == pytest.approx(0.96, abs=0.035)
    assert np.mean(by_pairs) == pytest.approx(binomial_covers, abs=0.07)


def test_a_promised_fmr_assumes_strangers_and_the_limit_over_people_does_not() -> None:
    """All pairs of 90 people, 4005: a third of a score's variance is theirs, and 1 % is promised."""
    people, random = all_pairs_of(90), np.random.default_rng(8)
    broken, above_limit = [], []
    for _ in range(200):
        scores = scores_of(people, 1 / 3, random)
        pairs = non_mated(people, scores)
        known, kept = worths(pairs), fmr_kept(pairs, 0.01)
        assert isinstance(known, Worths)
        assert not isinstance(kept, InsufficientData)
        true_fmr = norm.sf(kept.threshold)
        found = rate_over_people(scores >= kept.threshold, people, known.non_mated)
        assert isinstance(found, PeopleRate)
        broken.append(true_fmr > 0.01)
        above_limit.append(true_fmr > found.upper)
    assert np.mean(broken) > 0.15, "it would be 0.05 among strangers"
    assert np.mean(above_limit) < 0.09


def test_a_target_is_refused_by_what_pairs_are_worth_and_not_by_how_many_they_are() -> None:
    """4005 pairs of 90 people pass where nothing is known of them, and are worth far less than 2995."""
    people, random = all_pairs_of(90), np.random.default_rng(1)
    pairs = non_mated(people, scores_of(people, 0.4, random))
    pairs = ScoreSet(
        np.append(pairs.score, 5.0),
        np.append(pairs.mated, True),
        np.append(pairs.acquired, True),
        None,
        None,
        np.append(people.reference.astype(np.str_), "0"),
        np.append(people.probe.astype(np.str_), "0"),
    )
    known = worths(pairs)
    assert isinstance(known, Worths)
    assert isinstance(known.non_mated, Worth)
    assert known.non_mated.independent < 1000
    assert not isinstance(fnmr_at_fmr(pairs, 1e-3), InsufficientData)
    refused = fnmr_at_fmr(pairs, 1e-3, worths=known)
    assert isinstance(refused, InsufficientData)
    assert (
        f"there are 4005, of people who recur, worth {known.non_mated.independent} independent ones" in refused.reason
    )
    assert not isinstance(fnmr_at_fmr(pairs, 1e-2, worths=known), InsufficientData)


def test_few_comparisons_are_worth_those_that_share_nobody() -> None:
    people = all_pairs_of(20)
    known = worths(non_mated(people, np.arange(190.0)))
    assert isinstance(known, Worths)
    assert known.non_mated == Worth(190, 20, 10, None, 10)
    assert known.mated == InsufficientData("there are no comparisons")


def test_a_star_of_pairs_has_one_that_shares_nobody_and_a_ring_half_of_them() -> None:
    hub, rest = np.zeros(9, dtype=np.int64), np.arange(1, 10)
    assert disjoint_pairs(People(hub, rest, 10)) == 1
    ring = np.arange(10)
    assert disjoint_pairs(People(ring, (ring + 1) % 10, 10)) == 5


def test_no_error_among_few_people_is_worth_as_many_trials_as_they_are() -> None:
    people = all_pairs_of(30)
    pairs = non_mated(people, np.arange(435.0))
    known = worths(pairs)
    assert isinstance(known, Worths)
    found = rate_over_people(np.zeros(435, dtype=np.bool_), people, known.non_mated)
    assert isinstance(found, PeopleRate)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.upper > 1 - 0.05 ** (1 / 435)


def test_with_fewer_than_twenty_people_there_is_no_interval() -> None:
    people = all_pairs_of(19)
    known = Worth(171, 19, 9, None, 9)
    refused = rate_over_people(np.arange(171) < 40, people, known)
    assert refused == InsufficientData("an interval over people needs at least 20 people, there are 19")
