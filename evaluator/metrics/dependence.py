"""What comparisons that share people are worth, and the interval of a rate that follows from it."""

from dataclasses import dataclass

import numpy as np
import scipy

from evaluator.metrics.people import MIN_PEOPLE, People
from evaluator.metrics.rates import RULE_OF_30, InsufficientData
from evaluator.metrics.scores import Booleans, Scores, ScoreSet, count

#: Shares of the comparisons that are taken for errors, the highest non-mated or the lowest mated scores, to see how
#: much people recur among them.
LEVELS = (0.1, 0.01, 0.001)


@dataclass(frozen=True, slots=True)
class Worth:
    """How many independent comparisons some comparisons are worth."""

    comparisons: int
    people: int
    #: So many of them can be chosen that nobody is in two: those are independent whatever people are like.
    disjoint: int
    #: Variance of their error rate over that of as many independent ones, at least 1; None where they are too few to
    #: tell.
    design_effect: float | None
    #: `comparisons / design_effect`, or `disjoint` where it is not known.
    independent: int


@dataclass(frozen=True, slots=True)
class Worths:
    """Of the completed comparisons of a score set."""

    mated: Worth | InsufficientData
    non_mated: Worth | InsufficientData


@dataclass(frozen=True, slots=True)
class PeopleRate:
    """An error rate and its interval over samples of people."""

    value: float
    low: float
    high: float
    #: The one-sided limit: with this confidence the rate over people is at most that.
    upper: float
    confidence: float
    #: Of these errors, or where they are too few to tell, of the comparisons.
    design_effect: float | None
    #: So many independent trials would give this interval.
    independent: int


def variance_over_people(wrong: Booleans, people: People) -> float:
    """Variance of the share of `wrong`, shape (n,) and n >= 1, when any two pairs that share a person may be alike.

    The sum of the products of the deviations of all such two, over n**2. Never less than when only pairs of the same
    person, or of the same two, were alike.

    Source: the plug-in estimator of Fogliato, Patil and Perona (2024), of mated and non-mated pairs at once; Schuckers,
    Computational Methods in Biometric Authentication (2010); for pairs of people Fafchamps and Gubert (2007).

    Of four pairs of strangers, one is wrong: 1/4 * 3/4 / 4.

    >>> variance_over_people(np.array([True, False, False, False]), People.of(list("abcd"), list("efgh")))
    0.046875
    """
    deviations = wrong - np.mean(wrong)
    other = ~people.mated
    of_person = np.bincount(people.reference, deviations, people.count)
    of_person += np.bincount(people.probe[other], deviations[other], people.count)
    of_couple = np.bincount(people.couples, deviations)
    of_others = np.bincount(people.couples[other], deviations[other]) if other.any() else np.zeros(1)
    sharing = np.sum(of_person**2) - np.sum(of_others**2)
    return float(max(sharing, np.sum(of_couple**2))) / wrong.size**2


def disjoint_pairs(people: People) -> int:
    """How many of the pairs share nobody, chosen one by one, those of the least frequent people first.

    >>> disjoint_pairs(People.of(["ada", "bo", "cy"], ["bo", "cy", "di"]))
    2
    """
    frequency = np.bincount(np.concatenate([people.reference, people.probe[~people.mated]]), minlength=people.count)
    sides = np.stack([frequency[people.reference], frequency[people.probe]])
    order = np.lexsort((people.probe, people.reference, sides.max(axis=0), sides.min(axis=0)))
    taken: set[int] = set()
    pairs = 0
    for one, other in zip(people.reference[order].tolist(), people.probe[order].tolist(), strict=True):
        if one not in taken and other not in taken:
            taken |= {one, other}
            pairs += 1
    return pairs


def people_of(scores: ScoreSet) -> People | InsufficientData:
    """The people of all pairs, or why they are not known."""
    if scores.reference_subject is None or scores.probe_subject is None:
        return InsufficientData(
            "the pairs do not say who is in them (reference_subject, probe_subject): a data set whose images are named "
            "after people, imported by 0.1.0, says it once it is imported again; nothing is embedded twice"
        )
    return People.of(scores.reference_subject, scores.probe_subject)


def worths(scores: ScoreSet) -> Worths | InsufficientData:
    """What the comparisons of either kind are worth, or why it is not known."""
    people = people_of(scores)
    if isinstance(people, InsufficientData):
        return people
    mated, non_mated = scores.mated & scores.acquired, ~scores.mated & scores.acquired
    return Worths(
        worth(scores.score[mated], people.among(mated), low_is_wrong=True),
        worth(scores.score[non_mated], people.among(non_mated), low_is_wrong=False),
    )


def worth(scores: Scores, people: People, *, low_is_wrong: bool) -> Worth | InsufficientData:
    """What comparisons of one kind, mated ones when `low_is_wrong`, are worth; `people` are those of them alone.

    The design effect is the largest at those `LEVELS` that give 30 errors. It is taken to hold for rarer errors too,
    which it does unless false matches are those of ever fewer people.

    >>> strangers = People.of([f"a{i}" for i in range(3000)], [f"b{i}" for i in range(3000)])
    >>> found = worth(np.arange(3000.0), strangers, low_is_wrong=False)
    >>> found.people, found.disjoint, round(found.design_effect, 6), found.independent
    (6000, 3000, 1.0, 3000)
    """
    if scores.size == 0:
        return InsufficientData("there are no comparisons")
    disjoint = disjoint_pairs(people)
    ordered = np.sort(scores if low_is_wrong else -scores)
    effects = []
    for level in LEVELS:
        errors = int(level * scores.size)
        if errors >= RULE_OF_30:
            wrong = (scores if low_is_wrong else -scores) <= ordered[errors - 1]
            effects.append(design_effect(wrong, people))
    effect = max(effects, default=None)
    independent = disjoint if effect is None else round(scores.size / effect)
    return Worth(scores.size, people.count, disjoint, effect, independent)


def design_effect(wrong: Booleans, people: People) -> float:
    """`variance_over_people` over the binomial variance, at least 1; 1 where there is no error, or nothing else."""
    share = float(np.mean(wrong))
    binomial = share * (1 - share) / wrong.size
    return max(variance_over_people(wrong, people) / binomial, 1.0) if binomial else 1.0


def rate_over_people(
    wrong: Booleans, people: People, known: Worth | InsufficientData, *, confidence: float = 0.95
) -> PeopleRate | InsufficientData:
    """The share of `wrong` trials, shape (n,), with its interval over people, who are those of these trials alone.

    It is the Clopper-Pearson interval of as many trials as these are worth, with a factor for how few people there are:
    n / design effect * (z / t of people - 1 degrees of freedom)**2. Under 30 errors the design effect is that of the
    comparisons, `known`, for it cannot be seen in so few.

    Source: Korn and Graubard, Survey Methodology 24 (1998).

    >>> strangers = People.of([f"a{i}" for i in range(3000)], [f"b{i}" for i in range(3000)])
    >>> known = worth(np.arange(3000.0), strangers, low_is_wrong=True)
    >>> found = rate_over_people(np.arange(3000) < 30, strangers, known)
    >>> found.value, round(found.low, 4), round(found.high, 4), found.independent
    (0.01, 0.0068, 0.0142, 2999)
    """
    if wrong.size == 0 or isinstance(known, InsufficientData):
        return known if isinstance(known, InsufficientData) else InsufficientData("there are no trials")
    if people.count < MIN_PEOPLE:
        return InsufficientData(f"an interval over people needs at least {MIN_PEOPLE} people, there are {people.count}")
    errors = count(wrong)
    seen = min(errors, wrong.size - errors) >= RULE_OF_30
    effect = design_effect(wrong, people) if seen else known.design_effect
    trials = min(known.independent if effect is None else wrong.size / effect, wrong.size)
    tail = (1 - confidence) / 2
    trials *= (scipy.stats.norm.isf(tail) / scipy.stats.t.isf(tail, people.count - 1)) ** 2
    share = errors / wrong.size
    low, high = _beta(share, trials, tail), _beta(share, trials, 1 - tail)
    return PeopleRate(share, low, high, _beta(share, trials, confidence), confidence, effect, round(trials))


def _beta(share: float, trials: float, probability: float) -> float:
    """An end of the Clopper-Pearson interval: the lower one below a probability of a half."""
    errors = share * trials
    if probability < 0.5:
        return float(scipy.special.betaincinv(errors, trials - errors + 1, probability)) if errors else 0.0
    return float(scipy.special.betaincinv(errors + 1, trials - errors, probability)) if errors < trials else 1.0
