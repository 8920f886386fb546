"""`/v1/packs`: what this deployment can compare with."""

from typing import Any

from flask.views import MethodView

from api.door.services import services
from api.routes.blueprint import Blueprint
from api.schemas.system import PackListSchema
from core.keys.keys import Scope
from core.packs.catalogue import Pack, directory_identity
from core.settings.groups import PackSettings

blueprint = Blueprint("packs", __name__, description="Model packs")


@blueprint.route("/v1/packs")
class Packs(MethodView):
    """Packs."""

    @blueprint.requires(Scope.READ)
    @blueprint.response(200, PackListSchema)
    @blueprint.problems(503)
    def get(self) -> dict[str, Any]:
        """The packs this deployment runs, and the workers that hold them"""
        held = services().presence.workers()
        return {
            "packs": [
                {
                    "name": pack.name,
                    "digest": directory_identity(pack).digest,
                    "summary": pack.summary,
                    "licence": pack.licence,
                    "commercial_use": pack.commercial_use,
                    "embedding_dimension": pack.embedding_dimension,
                    "threshold": pack.threshold.value,
                    "threshold_origin": pack.threshold.origin,
                    "is_default": pack.name == services().settings.packs.default,
                    "calibration": services().calibrations.get(directory_identity(pack).digest),
                    "workers": [w.name for w in held if any(e.pack.name == pack.name for e in w.engines)],
                }
                for pack in services().packs.values()
            ],
            "liveness": _liveness(services().liveness, services().settings.packs),
        }


def _liveness(pack: Pack | None, settings: PackSettings) -> dict[str, Any] | None:
    if pack is None:
        return None
    own = settings.liveness_threshold
    return {
        "name": pack.name,
        "digest": directory_identity(pack).digest,
        "summary": pack.summary,
        "licence": pack.licence,
        "commercial_use": pack.commercial_use,
        "threshold": pack.threshold.value if own is None else own,
        "threshold_origin": pack.threshold.origin if own is None else "LIKENESS_LIVENESS_THRESHOLD",
        "default": settings.default_liveness,
        "default_sides": settings.default_liveness_sides,
    }
