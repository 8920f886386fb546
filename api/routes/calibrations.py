"""`/v1/packs/{pack}/calibration`: what the thresholds of a pack rest on."""

from typing import Any

import structlog
from flask.views import MethodView

from api.door.services import services
from api.http.problems import Problem
from api.routes.blueprint import Blueprint
from api.schemas.calibrations import PackCalibrationSchema, ThresholdQuery
from api.schemas.resources import timestamp
from core.evaluations.distributions import Distribution
from core.evaluations.operating_point import OperatingPoint
from core.evaluations.run_scores import RunScores
from core.keys.keys import Scope
from core.packs.catalogue import directory_identity

blueprint = Blueprint("calibrations", __name__, description="What the thresholds of a pack rest on")
log = structlog.get_logger()


@blueprint.route("/v1/packs/<pack_name>/calibration")
class PackCalibration(MethodView):
    """One pack's."""

    @blueprint.requires(Scope.READ)
    @blueprint.arguments(ThresholdQuery, location="query")
    @blueprint.response(200, PackCalibrationSchema)
    @blueprint.problems(404, 422, 503)
    def get(self, query: dict[str, Any], pack_name: str) -> dict[str, Any]:
        """The calibration of a pack, how the scores of its run are spread, and what a threshold costs among them"""
        packs = services().packs
        if (pack := packs.get(pack_name)) is None:
            raise Problem(404, "not_found", f"no pack has the name {pack_name!r} here; there are {', '.join(packs)}")
        digest = directory_identity(pack).digest
        calibration = services().calibrations.get(digest)
        scores = _scores(calibration.run_id) if calibration else None
        threshold = query.get("threshold", pack.threshold.value)
        return {
            "pack": pack.name,
            "digest": digest,
            "calibration": calibration,
            "made_at": timestamp(calibration.made_at) if calibration else None,
            "scores": Distribution.of(scores) if scores else None,
            "operating_point": OperatingPoint.of(scores, threshold) if scores else None,
        }


def _scores(run_id: str) -> RunScores | None:
    """None where they were not kept, or by a version to come."""
    try:
        return services().calibrations.scores(run_id)
    except ValueError as error:
        log.error("run_scores_unreadable", run_id=run_id, why=type(error).__name__)
        return None
