"""The uploads that a request names: whether the caller may, and by what a repeated request is known again."""

from collections.abc import Mapping
from typing import Any

from flask import request

from api.door.caller import caller
from api.door.services import services
from api.schemas.images import is_upload
from core.uploads.upload import Upload


def named_uploads(ids: Mapping[str, str]) -> Mapping[str, Upload]:
    """The uploads by the fields that name them. Raise FieldRefused for one that the caller cannot name."""
    return services().naming.named(ids, owner=caller().owner)


def recognisable(form: Mapping[str, Any]) -> Mapping[str, Any]:
    """The form, with the SHA-256 that was announced in the place of an upload's id, for an `Idempotency-Key`.

    So a client that was interrupted, and puts the same photographs once more, still asks for the same.
    """
    ids = {name: value.strip() for name, value in form.items() if isinstance(value, str) and is_upload(value)}
    if not ids or "Idempotency-Key" not in request.headers:
        return form
    known = services().uploads.find(ids.values())
    digests = {
        name: {"upload": upload.sha256}
        for name, upload_id in ids.items()
        if (upload := known.get(upload_id)) and upload.sha256 and upload.owner == caller().owner
    }
    return {**form, **digests}
