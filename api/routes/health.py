"""`/health` and `/ready`: whether this process answers, and whether comparisons are served."""

from flask.views import MethodView
from werkzeug.wrappers import Response

from api.door.services import services
from api.http.answers import json_response
from api.routes.blueprint import Blueprint
from api.schemas.system import HealthSchema, ReadySchema

blueprint = Blueprint("health", __name__, description="Liveness and readiness")


@blueprint.route("/health", methods=["GET"])
@blueprint.public
@blueprint.response(200, HealthSchema)
def health() -> dict[str, str]:
    """Whether this process answers; `/ready` says whether comparisons are served"""
    return {"status": "ok"}


@blueprint.route("/ready")
class Ready(MethodView):
    """Readiness."""

    @blueprint.public
    @blueprint.response(200, ReadySchema)
    @blueprint.alt_response(503, schema=ReadySchema, description="Some dependency is away")
    def get(self) -> Response:
        """Whether a comparison submitted now would be served

        The stores answer, and a warm worker that takes comparisons from the broker holds the default pack. Answers
        within two seconds; an answer may be a second old.
        """
        checks = services().readiness.checks()
        ready = all(check.ok for check in checks.values())
        body = {"ready": ready, "checks": {name: {"ok": c.ok, "detail": c.detail} for name, c in checks.items()}}
        response = json_response(body, 200 if ready else 503)
        if not ready:
            response.headers["Retry-After"] = "2"
        return response
