"""`/v1/uploads`: addresses to which clients put photographs by themselves, for one submission each to name."""

import time
from typing import Any

from flask.views import MethodView
from werkzeug.wrappers import Response

from api.door.caller import caller
from api.door.services import services
from api.door.uploads import count_announced
from api.http.answers import json_response
from api.http.problems import Problem
from api.routes.blueprint import Blueprint
from api.schemas.uploads import EXAMPLE, UploadForm, UploadSchema, announced, upload_document
from core.errors import UploadNotFound
from core.keys.keys import Scope
from core.uploads.offering import Offer
from core.uploads.store import TooManyOpenUploads
from core.uploads.upload import Upload, url_of

blueprint = Blueprint(
    "uploads", __name__, url_prefix="/v1/uploads", description="Photographs that go to the object store by themselves"
)

#: When to ask again, where nothing else is known: submissions name uploads within seconds.
RETRY_S = 10


@blueprint.route("")
class Uploads(MethodView):
    """All uploads."""

    @blueprint.requires(Scope.SUBMIT)
    @blueprint.arguments(UploadForm, example={"size_bytes": 332154, "media_type": "image/jpeg"})
    @blueprint.response(
        201,
        {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Upload", "UploadList")]},
        description="Opened; of many, `uploads` has one each, in their order",
        example=EXAMPLE,
    )
    @blueprint.problems(400, 408, 413, 415, 422, 503)
    def post(self, form: dict[str, Any]) -> Response:
        """Open an upload, or many: where to PUT a photograph, once, and by which id a submission names it"""
        photographs = announced(form)
        services().offering.check(photographs)
        count_announced(sum(one.size_bytes for one in photographs))
        try:
            offers = services().offering.offer(photographs, owner=caller().owner)
        except TooManyOpenUploads as error:
            raise Problem(429, "too_many_open_uploads", str(error), headers={"Retry-After": str(RETRY_S)}) from None
        now = time.time()
        if "uploads" in form:
            return json_response({"uploads": [_offered(offer, now) for offer in offers]}, 201)
        response = json_response(_offered(offers[0], now), 201)
        response.headers["Location"] = url_of(offers[0].upload.id)
        return response


@blueprint.route("/<upload_id>")
class OneUpload(MethodView):
    """One upload."""

    @blueprint.requires(Scope.SUBMIT)
    @blueprint.response(200, UploadSchema, example={**EXAMPLE, "url": None, "headers": None})
    @blueprint.problems(404, 503)
    def get(self, upload_id: str) -> Response:
        """Get an upload, without its address"""
        return json_response(upload_document(_visible(upload_id), time.time()))

    @blueprint.requires(Scope.SUBMIT)
    @blueprint.response(204, description="What was put is erased, and no submission can name it")
    @blueprint.problems(404, 422, 503)
    def delete(self, upload_id: str) -> None:
        """Erase an upload that no submission has named; one that was named is erased with its job"""
        services().uploads.erase(_visible(upload_id).id)


def _visible(upload_id: str) -> Upload:
    """The upload, if it is the caller's own. Raise UploadNotFound otherwise: another's looks like none."""
    upload = services().uploads.get(upload_id)
    if upload.owner != caller().owner:
        raise UploadNotFound(f"no upload has the id {upload_id!r}")
    return upload


def _offered(offer: Offer, now: float) -> dict[str, Any]:
    return upload_document(offer.upload, now, url=offer.address.url, headers=dict(offer.address.headers))
