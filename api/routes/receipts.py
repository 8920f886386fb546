"""Receipts of ended comparisons, and the key to verify them with."""

from typing import Any

from flask import current_app
from flask.views import MethodView
from werkzeug.wrappers import Response

from api.door.access import visible_job
from api.door.services import services
from api.http.problems import Problem
from api.routes.blueprint import Blueprint
from api.schemas.system import JwksSchema
from core.comparisons.receipts import Signer, contents_of
from core.keys.keys import Scope

blueprint = Blueprint("receipts", __name__, description="Signed receipts")
MEDIA_TYPE = "application/jose"


@blueprint.route("/v1/comparisons/<job_id>/receipt")
class Receipt(MethodView):
    """What was decided, signed."""

    @blueprint.requires(Scope.READ)
    @blueprint.response(
        200,
        {"type": "string"},
        content_type=MEDIA_TYPE,
        description="A compact JWS: digests of the inputs and the pack, threshold, score, decision, times",
    )
    @blueprint.problems(404, 409, 503)
    def get(self, job_id: str) -> Response:
        """Get the signed receipt of a job that has ended"""
        job = visible_job(job_id)
        if not job.status.is_terminal:
            raise Problem(409, "job_not_ended", f"the comparison is {job.status}; there is a receipt once it has ended")
        signed = _signer().sign(
            contents_of(job, issuer=services().settings.api.url, version=current_app.config["API_VERSION"])
        )
        return Response(signed, mimetype=MEDIA_TYPE)


@blueprint.route("/.well-known/jwks.json")
class Jwks(MethodView):
    """The public key."""

    @blueprint.public
    @blueprint.response(200, JwksSchema)
    @blueprint.problems(409, 422)
    def get(self) -> dict[str, Any]:
        """The public key that verifies receipts (RFC 7517)"""
        return _signer().jwks


def _signer() -> Signer:
    signer = services().signer
    if signer is None:
        raise Problem(
            409, "receipts_not_configured", "this deployment signs no receipts: LIKENESS_RECEIPT_KEY is not set"
        )
    return signer
