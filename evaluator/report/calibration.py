"""Decision thresholds that keep a named FMR, from a run's scores: what the service may promise afterwards."""

from collections.abc import Sequence

from evaluator.metrics import TargetedPoint, fmr_kept
from evaluator.metrics.measurements import TARGETS
from evaluator.report.scores import ScoreTable


def calibrate(table: ScoreTable, targets: Sequence[float] = TARGETS) -> tuple[TargetedPoint, ...]:
    """For each target, the smallest threshold whose FMR is at most the target with one-sided 95 % confidence.

    One point a target, in their order: an `OperatingPoint`, or why it is refused. Raise ValueError for a target outside
    (0, 1).
    """
    return tuple(TargetedPoint(target, fmr_kept(table.score_set, target)) for target in targets)
