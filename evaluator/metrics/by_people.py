"""Every headline figure's interval over people, in the places where the figures themselves stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evaluator.metrics.curve import lacking
from evaluator.metrics.dependence import PeopleRate, Worth, Worths, people_of, rate_over_people
from evaluator.metrics.folds import FoldAccuracy, correct_10fold
from evaluator.metrics.operating_points import OperatingPoint
from evaluator.metrics.people import MIN_PEOPLE, People, PeopleInterval, Resamples, Statistic
from evaluator.metrics.rates import InsufficientData
from evaluator.metrics.scores import Booleans, ScoreSet
from evaluator.metrics.weighted import WeightedScores

#: The points that were found for each target, or why there is none.
Targeted = Mapping[float, OperatingPoint | InsufficientData]


@dataclass(frozen=True, slots=True)
class PeoplePoint:
    """The intervals of the rates of an operating point."""

    threshold: float
    fmr: PeopleRate | InsufficientData
    fnmr: PeopleRate | InsufficientData
    far: PeopleRate | InsufficientData
    frr: PeopleRate | InsufficientData


@dataclass(frozen=True, slots=True)
class TargetedPeoplePoint:
    """Those of an operating point and the rate it was asked for, or why there are none."""

    target: float
    point: PeoplePoint | InsufficientData


@dataclass(frozen=True, slots=True)
class ByPeople:
    """Intervals over samples of people, and what the comparisons of these people are worth."""

    #: In all pairs.
    people: int
    #: Of all of them, with replacement.
    resamples: int
    mated: Worth | InsufficientData
    non_mated: Worth | InsufficientData
    #: At the threshold of each fold.
    error_10fold: PeopleRate | InsufficientData
    error_10fold_with_fta: PeopleRate | InsufficientData
    eer: PeopleInterval | InsufficientData
    auc: PeopleInterval | InsufficientData
    d_prime: PeopleInterval | InsufficientData
    #: FNMR and FRR also over thresholds that are searched anew in each resample.
    fnmr_at_fmr: tuple[TargetedPeoplePoint, ...]
    #: The mirror.
    fmr_at_fnmr: tuple[TargetedPeoplePoint, ...]
    at_threshold: PeoplePoint | InsufficientData


def by_people(
    scores: ScoreSet,
    worths: Worths | InsufficientData,
    *,
    at_threshold: OperatingPoint | InsufficientData,
    fnmr_at_fmr: Targeted,
    fmr_at_fnmr: Targeted,
    accuracy: Sequence[FoldAccuracy | InsufficientData],
    confidence: float = 0.95,
) -> ByPeople | InsufficientData:
    """The intervals of figures that were measured on `scores`; `accuracy` is without and with failures to acquire.

    A figure that is refused is so here as well. With fewer than 20 people there are no intervals.

    >>> by_people(
    ...     ScoreSet.of([0.9], [0.1]),
    ...     InsufficientData("nobody knows who they are"),
    ...     at_threshold=InsufficientData("none"),
    ...     fnmr_at_fmr={},
    ...     fmr_at_fnmr={},
    ...     accuracy=(),
    ... )
    InsufficientData(reason='nobody knows who they are')
    """
    if isinstance(worths, InsufficientData):
        return worths
    people = people_of(scores)
    if isinstance(people, InsufficientData):
        return people
    if people.count < MIN_PEOPLE:
        return InsufficientData(f"intervals over people need at least {MIN_PEOPLE} people, there are {people.count}")
    rates, resamples = _Rates(scores, people, worths, confidence), Resamples(people)
    found = _resampled(scores, resamples, fnmr_at_fmr, fmr_at_fnmr, confidence)

    def at_fmr(target: float, of: OperatingPoint | InsufficientData) -> PeoplePoint | InsufficientData:
        at = rates.at(of)
        if isinstance(at, InsufficientData):
            return at
        return replace(
            at,
            fnmr=_wider(found[f"FNMR at FMR {target}"], at.fnmr),
            frr=_wider(found[f"FRR at FMR {target}"], at.frr),
        )

    def at_fnmr(target: float, of: OperatingPoint | InsufficientData) -> PeoplePoint | InsufficientData:
        at = rates.at(of)
        if isinstance(at, InsufficientData):
            return at
        return replace(at, fmr=_wider(found[f"FMR at FNMR {target}"], at.fmr))

    without_fta, with_fta = accuracy
    return ByPeople(
        people=people.count,
        resamples=resamples.replicates,
        mated=worths.mated,
        non_mated=worths.non_mated,
        error_10fold=rates.of_decisions(without_fta, scores.acquired),
        error_10fold_with_fta=rates.of_decisions(with_fta, np.ones_like(scores.acquired)),
        eer=found["EER"],
        auc=found["AUC"],
        d_prime=found["d-prime"],
        fnmr_at_fmr=tuple(TargetedPeoplePoint(target, at_fmr(target, of)) for target, of in fnmr_at_fmr.items()),
        fmr_at_fnmr=tuple(TargetedPeoplePoint(target, at_fnmr(target, of)) for target, of in fmr_at_fnmr.items()),
        at_threshold=rates.at(at_threshold),
    )


@dataclass(frozen=True, slots=True)
class _Rates:
    """The rates of a score set at thresholds that are given."""

    scores: ScoreSet
    people: People
    worths: Worths
    confidence: float

    def at(self, point: OperatingPoint | InsufficientData) -> PeoplePoint | InsufficientData:
        if isinstance(point, InsufficientData):
            return point
        mated, acquired, wrong = self.scores.mated, self.scores.acquired, ~self.scores.correct(point.threshold)
        return PeoplePoint(
            point.threshold,
            fmr=self._rate(wrong, ~mated & acquired, self.worths.non_mated),
            fnmr=self._rate(wrong, mated & acquired, self.worths.mated),
            far=self._rate(wrong, ~mated, self.worths.non_mated),
            frr=self._rate(wrong, mated, self.worths.mated),
        )

    def of_decisions(
        self, accuracy: FoldAccuracy | InsufficientData, counted: Booleans
    ) -> PeopleRate | InsufficientData:
        """Wrong decisions of both kinds, each at the threshold of its fold."""
        if isinstance(accuracy, InsufficientData):
            return accuracy
        both = [kind for kind in (self.worths.mated, self.worths.non_mated) if isinstance(kind, Worth)]
        if len(both) < 2:
            return InsufficientData("there are not both mated and non-mated comparisons")
        dearest = max(both, key=lambda kind: kind.comparisons / kind.independent)
        return self._rate(~correct_10fold(self.scores, accuracy), counted, dearest)

    def _rate(
        self, wrong: Booleans, trials: Booleans, known: Worth | InsufficientData
    ) -> PeopleRate | InsufficientData:
        if not trials.any():
            return InsufficientData("there are no trials")
        return rate_over_people(wrong[trials], self.people.among(trials), known, confidence=self.confidence)


def _wider(
    resampled: PeopleInterval | InsufficientData, rate: PeopleRate | InsufficientData
) -> PeopleRate | InsufficientData:
    """What both say together: resamples move the threshold, but never show an error that these people did not make."""
    if isinstance(resampled, InsufficientData) or isinstance(rate, InsufficientData):
        return rate
    return replace(rate, low=min(rate.low, resampled.low), high=max(rate.high, resampled.high))


def _resampled(
    scores: ScoreSet, resamples: Resamples, fnmr_at_fmr: Targeted, fmr_at_fnmr: Targeted, confidence: float
) -> Mapping[str, PeopleInterval | InsufficientData]:
    """By name, the figures whose threshold is searched anew in each resample, and those of the whole curve."""
    names = ["EER", "AUC", "d-prime"]
    names += [f"{rate} at FMR {target}" for rate in ("FNMR", "FRR") for target in fnmr_at_fmr]
    names += [f"FMR at FNMR {target}" for target in fmr_at_fnmr]
    if missing := lacking(scores.mated_scores, scores.non_mated_scores):
        return dict.fromkeys(names, missing)
    pairs, failed = WeightedScores(scores), scores.mated & ~scores.acquired
    statistics: list[Statistic] = [pairs.eer, pairs.auc, pairs.d_prime]
    statistics += [pairs.fnmr_at_fmr(target, failed=lost) for lost in (None, failed) for target in fnmr_at_fmr]
    statistics += [pairs.fmr_at_fnmr(target) for target in fmr_at_fnmr]
    found = resamples.intervals(*statistics, confidence=confidence)
    unmoved = InsufficientData("no resample of the people moves it, or too few have it: that shows no interval")
    return {name: interval or unmoved for name, interval in zip(names, found, strict=True)}
