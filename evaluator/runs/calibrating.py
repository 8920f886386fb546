"""From a run's scores to the pack's thresholds."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.evaluations.calibrations import Calibration
from core.evaluations.run_scores import RunScores
from core.evaluations.runs import Run
from core.evaluations.scoring import Scoring
from core.evaluations.thresholds import RunThresholds, require_fit
from core.packs.catalogue import Pack
from core.standing import Point
from evaluator.metrics import InsufficientData, OperatingPoint, Rate, TargetedPoint, clopper_pearson
from evaluator.report import ScoreTable, calibrate, limits_over_people, pipeline_of


def calibration_from(
    run: Run, report: Mapping[str, Any], table: ScoreTable, pack: Pack, scoring: Scoring
) -> Calibration:
    """Thresholds that keep the named FMR, from a run's report and its scores.

    Raise RunUnfit for a run that scored otherwise than the service does, CalibrationEmpty for one that shows none.
    """
    require_fit(_without_points(run, report), pack, scoring)
    made = thresholds_of(run, report, table).calibration
    made.require_threshold()
    return made


def thresholds_of(run: Run, report: Mapping[str, Any], table: ScoreTable) -> RunThresholds:
    """The same, of any run: whether it scored as the service does is for whoever takes them to ask."""
    return RunThresholds(replace(_without_points(run, report), points=_points(table)), scores_of(table))


def scores_of(table: ScoreTable) -> RunScores:
    """The scores that are kept with the thresholds, so that answers can say where theirs lies among them."""
    scores = table.score_set
    return RunScores.of(non_mated=scores.non_mated_scores.tolist(), mated=scores.mated_scores.tolist())


def _without_points(run: Run, report: Mapping[str, Any]) -> Calibration:
    pipeline = pipeline_of(report)
    return Calibration(
        pack=run.request.pack,
        pack_digest=pipeline.pack_digest,
        run_id=run.id,
        dataset=run.request.dataset,
        dataset_digest=run.request.dataset_digest,
        detection_size=pipeline.detection_size,
        made_at=time.time(),
        points=(),
        pipeline=pipeline,
    )


def _points(table: ScoreTable) -> tuple[Point, ...]:
    points = [_point(point) for point in calibrate(table)]
    shown = [point.threshold for point in points if point.threshold is not None]
    limits = dict(zip(shown, limits_over_people(table, shown), strict=True))
    return tuple(
        point if point.threshold is None else replace(point, high_over_people=limits[point.threshold])
        for point in points
    )


def _point(point: TargetedPoint) -> Point:
    match point.point:
        case OperatingPoint(threshold=threshold, fmr=Rate() as fmr):
            low = float(clopper_pearson(fmr.errors, fmr.trials, 2 * fmr.confidence - 1)[0])
            return Point(point.target, threshold, fmr.errors, fmr.trials, low, fmr.upper, None)
        case InsufficientData(reason=reason):
            return Point(point.target, None, None, None, None, None, reason)
        case _:
            return Point(point.target, None, None, None, None, None, "there are no non-mated comparisons")
