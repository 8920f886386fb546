"""Decision thresholds that keep a named FMR, from a run's scores: what the service may promise afterwards."""

from collections.abc import Sequence

from evaluator.metrics import (
    PeopleRate,
    TargetedPoint,
    Worths,
    fmr_kept,
    people_of,
    rate_over_people,
    worths,
)
from evaluator.metrics.measurements import TARGETS
from evaluator.metrics.people import People
from evaluator.report.scores import ScoreTable


def calibrate(table: ScoreTable, targets: Sequence[float] = TARGETS) -> tuple[TargetedPoint, ...]:
    """For each target, the smallest threshold whose FMR is at most the target with one-sided 95 % confidence.

    One point a target, in their order: an `OperatingPoint`, or why it is refused. Raise ValueError for a target outside
    (0, 1).
    """
    return tuple(TargetedPoint(target, fmr_kept(table.score_set, target)) for target in targets)


def limits_over_people(table: ScoreTable, thresholds: Sequence[float]) -> tuple[float | None, ...]:
    """Of each threshold, the one-sided 95 % limit of its FMR over people, who recur in the comparisons.

    The promise of `calibrate` takes comparisons for independent; this does not. None where the people are not known, or
    too few.
    """
    scores = table.score_set
    known, people, trials = worths(scores), people_of(scores), ~scores.mated & scores.acquired
    if not isinstance(known, Worths) or not isinstance(people, People) or not trials.any():
        return tuple(None for _ in thresholds)
    among = people.among(trials)
    rates = (rate_over_people(scores.score[trials] >= at, among, known.non_mated) for at in thresholds)
    return tuple(rate.upper if isinstance(rate, PeopleRate) else None for rate in rates)
