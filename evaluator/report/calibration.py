"""Decision thresholds at named FMR, measured by a run: what the service may promise afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evaluator.metrics import InsufficientData, TargetedPoint, fnmr_at_fmr, plain
from evaluator.metrics.measurements import TARGETS
from evaluator.report.scores import ScoreTable


@dataclass(frozen=True, slots=True)
class Calibration:
    """One point for each target FMR, in the order asked for: an `OperatingPoint`, or why it is refused."""

    points: tuple[TargetedPoint, ...]
    mated_trials: int
    non_mated_trials: int

    def threshold_at(self, target: float) -> float | InsufficientData:
        """The threshold for a target FMR. Raise KeyError for one that was not asked for."""
        for point in self.points:
            if point.target == target:
                return point.point if isinstance(point.point, InsufficientData) else point.point.threshold
        raise KeyError(target)

    def to_json(self) -> dict[str, Any]:
        """Plain data; `points` as in the `fnmr_at_fmr` of a report."""
        data = plain(self)
        assert isinstance(data, dict)
        return data


def calibrate(table: ScoreTable, targets: Sequence[float] = TARGETS) -> Calibration:
    """For each target, the smallest threshold whose FMR on these pairs is at most the target, never the nearest.

    Its rates are measured on the pairs it was chosen on: read the upper end of the FMR's interval, and hold the
    threshold against other data. Raise ValueError for a target outside (0, 1).
    """
    scores = table.score_set()
    return Calibration(
        tuple(TargetedPoint(target, fnmr_at_fmr(scores, target)) for target in targets),
        scores.mated_scores.size,
        scores.non_mated_scores.size,
    )
