"""From a run's scores to the pack's thresholds."""

import time

from core.errors import LikenessError
from core.evaluations.calibrations import Calibration, Point
from core.evaluations.runs import Run
from core.packs.catalogue import Pack, directory_identity
from core.settings.groups import EngineSettings
from core.vocabulary import Track
from evaluator.metrics import InsufficientData, OperatingPoint, Rate, TargetedPoint
from evaluator.report import ScoreTable, calibrate


class RunUnfit(LikenessError):
    """Comparisons are not scored the way this run scored: its thresholds would not hold for them."""

    code = "run_unfit"


def calibration_from(run: Run, table: ScoreTable, pack: Pack, engine: EngineSettings) -> Calibration:
    """Thresholds at the named FMR. Raises RunUnfit for a run that scored otherwise than the service does."""
    request = run.request
    if request.track is not Track.RAW or request.flip:
        raise RunUnfit(f"run {run.id} is {request.track}, flip {request.flip}; comparisons are raw, without flip")
    if request.detection_size != engine.detection_size:
        raise RunUnfit(
            f"run {run.id} detected at {request.detection_size}, the service detects at {engine.detection_size}: "
            f"run it again with --detection-size {engine.detection_size}"
        )
    return Calibration(
        pack=pack.name,
        pack_digest=directory_identity(pack).digest,
        run_id=run.id,
        dataset=request.dataset,
        dataset_digest=request.dataset_digest,
        detection_size=request.detection_size,
        made_at=time.time(),
        points=tuple(_point(point) for point in calibrate(table)),
    )


def _point(point: TargetedPoint) -> Point:
    match point.point:
        case OperatingPoint(threshold=threshold, fmr=Rate() as fmr):
            return Point(point.target, threshold, fmr.errors, fmr.trials, fmr.low, fmr.high, None)
        case InsufficientData(reason=reason):
            return Point(point.target, None, None, None, None, None, reason)
        case _:
            return Point(point.target, None, None, None, None, None, "there are no non-mated comparisons")
