"""Resampling people: how far a figure would move if other people had been photographed.

A pair has two people, and pairs that share one are not independent. Resampling pairs, or a binomial interval, takes
them for independent and is too narrow; here people are drawn with replacement, and their pairs come with them.

    people = People.of(reference_subjects, probe_subjects)         # one label a side of every pair
    resamples = Resamples(people)                                  # the same draws in every process
    found = resamples.interval(lambda weights: weights @ wrong / weights.sum(axis=1))

A statistic is given weights, a row a replicate and a column a pair, and returns one number a row. It is any function
of the pairs that takes weights for counts; two runs on the same pairs, given the same weights, are a paired bootstrap.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import isfinite, sqrt
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from evaluator.metrics.scores import Booleans, Counts, Scores

REPLICATES = 1000
#: So that a report is the same bytes whenever it is made.
SEED = 20041
#: With fewer people, how much they differ cannot be learnt from them. Of 20, a resample has 13 on average.
MIN_PEOPLE = 20
#: Weights held at a time.
_CELLS = 600_000
#: Weights computed in all for one statistic; longer lists get fewer replicates, but never fewer than the second.
_MOST_CELLS, _FEWEST_REPLICATES = 30_000_000, 200

#: From weights of shape (r, n) to r values, NaN where a resample gives none.
Statistic: TypeAlias = Callable[[Scores], Scores]


@dataclass(frozen=True, eq=False)  # without slots: couples are numbered once
class People:
    """The two people of every pair, as numbers below `count`; in a mated pair they are one.

    >>> people = People.of(["ada", "ada", "bo"], ["ada", "bo", "cy"])
    >>> people.reference, people.probe, people.count, people.mated
    (array([0, 0, 1]), array([0, 1, 2]), 3, array([ True, False, False]))
    """

    #: Shape (n,).
    reference: Counts
    #: Shape (n,).
    probe: Counts
    count: int

    @classmethod
    def of(cls, reference: npt.ArrayLike, probe: npt.ArrayLike) -> "People":
        """From a label for each side of every pair. Raise ValueError for labels of other shapes than (n,) and (n,)."""
        sides = np.asarray(reference, dtype=np.str_), np.asarray(probe, dtype=np.str_)
        if sides[0].ndim != 1 or sides[0].shape != sides[1].shape:
            raise ValueError(f"one label a side of each pair, not {sides[0].shape} and {sides[1].shape}")
        return cls._numbered(np.concatenate(sides))

    @property
    def mated(self) -> Booleans:
        """Where both are the same person, shape (n,)."""
        return np.equal(self.reference, self.probe)

    def among(self, rows: Booleans) -> "People":
        """Those of some pairs, numbered anew.

        >>> People.of(["ada", "ada", "bo"], ["ada", "bo", "cy"]).among(np.array([False, False, True])).count
        2
        """
        return self._numbered(np.concatenate([self.reference[rows], self.probe[rows]]))

    @classmethod
    def _numbered(cls, sides: npt.NDArray[np.str_] | Counts) -> "People":
        found, numbers = np.unique(sides, return_inverse=True)
        of_reference, of_probe = np.split(numbers.astype(np.int64), 2)
        return cls(of_reference, of_probe, found.size)

    @cached_property
    def couples(self) -> Counts:
        """A number for the two people of each pair, whichever is the reference, from 0 on; shape (n,).

        >>> People.of(["ada", "bo", "bo"], ["bo", "ada", "cy"]).couples
        array([0, 0, 1])
        """
        first, second = np.minimum(self.reference, self.probe), np.maximum(self.reference, self.probe)
        return np.unique(first * self.count + second, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, slots=True)
class PeopleInterval:
    """Where a figure lies for other people, drawn as these were."""

    #: The figure of the pairs as they are.
    value: float
    low: float
    high: float
    #: Of the interval.
    confidence: float
    #: Standard deviation of the figure over samples of people.
    deviation: float


class Resamples:
    """Weights of the pairs in resamples of their people.

    The vertex bootstrap (Snijders and Borgatti 1999; for matching tasks Fogliato, Patil and Perona 2024; by person it
    begins with Bolle, Ratha and Pankanti 2004): as many people are drawn, with replacement, as there are. A mated pair
    counts as often as its person was drawn, a non-mated pair the product of both. Draws depend on `seed` and on how
    many people there are, on nothing else.
    """

    def __init__(self, people: People, *, replicates: int = REPLICATES, seed: int = SEED) -> None:
        """For n pairs; fewer replicates than asked for where the list is so long that they would take minutes."""
        self.people = people
        pairs = max(people.reference.size, 1)
        self.replicates = min(replicates, max(_FEWEST_REPLICATES, _MOST_CELLS // pairs))
        self._rows = max(1, _CELLS // pairs)
        self._seed = seed

    def weights(self) -> Iterator[Scores]:
        """All replicates in blocks of shape (r, n): how often each pair is there when people are drawn anew."""
        people, mated = self.people, self.people.mated
        for drawn in self._drawn(people.count, 0):
            of_reference = drawn[:, people.reference]
            yield np.where(mated, of_reference, of_reference * drawn[:, people.probe])

    def couple_weights(self) -> Iterator[Scores]:
        """Likewise when couples of people are drawn, as if nobody were in two; mated pairs stay as they are."""
        different = ~self.people.mated
        couples = np.unique(self.people.couples[different], return_inverse=True)[1]
        for drawn in self._drawn(int(couples.max()) + 1 if couples.size else 0, 1):
            weights = np.ones((len(drawn), different.size))
            weights[:, different] = drawn[:, couples]
            yield weights

    def interval(self, statistic: Statistic, *, confidence: float = 0.95) -> PeopleInterval | None:
        """The interval of one statistic, as `intervals` has it."""
        return self.intervals(statistic, confidence=confidence)[0]

    def intervals(self, *statistics: Statistic, confidence: float = 0.95) -> tuple[PeopleInterval | None, ...]:
        """Of each statistic, its interval over samples of people.

        None where the pairs, or 1 resample in 20, give no value, and where no resample moves it: then the sample says
        nothing about how far it may move, least of all that it cannot.

        A product of two draws has a variance of 3 where one pair has 1, so the vertex bootstrap finds the variance
        V + 2 C of a statistic, C being that from couples drawn as if nobody were in two. Deviations of the replicates
        from the value are shrunk to V, which is never taken for less than C; the interval is between their quantiles.
        That is what multiway clustering subtracts (Cameron, Gelbach and Miller 2011), and without it 3000 pairs of
        6000 strangers would seem to be worth 1000. Mated pairs have one person, and nothing is subtracted for them.

        >>> people = People.of([f"a{i}" for i in range(200)], [f"b{i}" for i in range(200)])
        >>> wrong = np.arange(200) % 10 == 0
        >>> (found,) = Resamples(people).intervals(lambda weights: weights @ wrong / weights.sum(axis=1))
        >>> found.value, round(found.deviation, 2), round((0.1 * 0.9 / 200) ** 0.5, 2)
        (0.1, 0.02, 0.02)
        """
        as_they_are = np.ones((1, self.people.reference.size))
        values = [float(statistic(as_they_are)[0]) for statistic in statistics]
        of_people = _replicates(self.weights(), statistics)
        of_couples = _replicates(self.couple_weights(), statistics)
        return tuple(map(partial(_interval, confidence=confidence), values, of_people, of_couples))

    def _drawn(self, count: int, stream: int) -> Iterator[Scores]:
        """How often each of `count` is drawn, shape (r, count); integers alone, so alike on every machine."""
        random = np.random.default_rng([self._seed, stream])
        for start in range(0, self.replicates, self._rows):
            rows = min(self._rows, self.replicates - start)
            places = random.integers(0, count, (rows, count)) + count * np.arange(rows)[:, np.newaxis]
            yield np.bincount(places.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)


def _replicates(blocks: Iterator[Scores], statistics: Sequence[Statistic]) -> list[Scores]:
    """Of each statistic, its value in every replicate."""
    found = [[statistic(weights) for statistic in statistics] for weights in blocks]
    return [np.concatenate(of_statistic) for of_statistic in zip(*found, strict=True)]


def _interval(value: float, by_people: Scores, by_couples: Scores, confidence: float) -> PeopleInterval | None:
    known = by_people[np.isfinite(by_people)]
    if not isfinite(value) or known.size < 0.95 * by_people.size:
        return None
    of_people, of_couples = float(np.var(known)), float(np.nanvar(by_couples))
    if of_people == 0.0:
        return None
    share = min(max((of_people - 2 * of_couples) / of_people, 1 / 3), 1.0)
    tail = (1 - confidence) / 2
    low, high = np.quantile(value + sqrt(share) * (known - value), [tail, 1 - tail])
    return PeopleInterval(value, float(low), float(high), confidence, sqrt(share * of_people))
