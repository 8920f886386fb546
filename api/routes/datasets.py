"""`/v1/datasets`: what evaluation runs may be asked for."""

from dataclasses import asdict
from typing import Any

from flask.views import MethodView

from api.door.services import services
from api.routes.blueprint import Blueprint
from api.schemas.deployment import DatasetListSchema
from core.evaluations.datasets import list_datasets
from core.keys.keys import Scope

blueprint = Blueprint("datasets", __name__, description="Imported data sets")


@blueprint.route("/v1/datasets")
class Datasets(MethodView):
    """Data sets."""

    @blueprint.requires(Scope.EVALUATE)
    @blueprint.response(200, DatasetListSchema)
    @blueprint.problems(503)
    def get(self) -> dict[str, Any]:
        """The imported data sets, by name: what a run may be asked for"""
        return {"datasets": [asdict(facts) for facts in list_datasets(services().objects)]}
