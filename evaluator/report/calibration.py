"""Decision thresholds at named FMR, measured by a run: what the service may promise afterwards."""

from collections.abc import Sequence

from evaluator.metrics import TargetedPoint, fnmr_at_fmr
from evaluator.metrics.measurements import TARGETS
from evaluator.report.scores import ScoreTable


def calibrate(table: ScoreTable, targets: Sequence[float] = TARGETS) -> tuple[TargetedPoint, ...]:
    """For each target, the smallest threshold whose FMR on these pairs is at most the target, never the nearest.

    One point a target, in their order: an `OperatingPoint`, or why it is refused. Its rates are measured on the pairs
    it was chosen on: read the upper end of the FMR's interval, and hold the threshold against other data. Raise
    ValueError for a target outside (0, 1).
    """
    return tuple(TargetedPoint(target, fnmr_at_fmr(table.score_set, target)) for target in targets)
