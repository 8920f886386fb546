"""Uploads: photographs that clients put into the object store by themselves."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from api.schemas.common import StrictForm
from core.times import rfc3339
from core.uploads.offering import Announced
from core.uploads.upload import Upload, url_of
from core.vocabulary import ImageFormat

MOST_AT_ONCE = 1000
MEDIA_TYPES = tuple(image_format.media_type for image_format in ImageFormat)

EXAMPLE = {
    "id": "upl_01a21645994ca6b9dc853e7b79b6e4b2",
    "status": "open",
    "method": "PUT",
    "url": "https://photographs.example/likeness/uploads/upl_01a21645994ca6b9dc853e7b79b6e4b2?X-Amz-Algorithm=...",
    "headers": {"Content-Length": "332154", "Content-Type": "image/jpeg", "If-None-Match": "*"},
    "size_bytes": 332154,
    "media_type": "image/jpeg",
    "sha256": None,
    "used_by": None,
    "created_at": "2026-01-01T00:00:00.000Z",
    "expires_at": "2026-01-01T00:15:00.000Z",
    "urls": {"self": "/v1/uploads/upl_01a21645994ca6b9dc853e7b79b6e4b2"},
}


class PhotographForm(StrictForm):
    """A photograph that is about to be put."""

    size_bytes = fields.Integer(
        strict=True,
        validate=validate.Range(min=1, error="size_out_of_range|must be 1 or more; found {input}"),
        error_messages={"invalid": "size_invalid|must be a whole number of bytes; found {input}"},
        metadata={"description": "Exactly as many bytes as will be put."},
    )
    media_type = fields.String(
        error_messages={"invalid": "media_type_invalid|must be a text, as image/jpeg"},
        metadata={"description": "One of the accepted image formats.", "enum": list(MEDIA_TYPES)},
    )
    sha256 = fields.String(
        allow_none=True,
        validate=validate.Regexp(
            r"[0-9a-f]{64}\Z", error="digest_invalid|must be 64 hexadecimal digits, in small letters"
        ),
        error_messages={"invalid": "digest_invalid|must be a text of 64 hexadecimal digits"},
        metadata={
            "description": "Of the photograph; what is put is held to it. With it, another upload of the same "
            "photograph is the same request under an `Idempotency-Key`."
        },
    )


class UploadForm(PhotographForm):
    """An upload to open; or many of them, in `uploads`, in place of the other fields."""

    uploads = fields.List(
        fields.Nested(PhotographForm),
        validate=validate.Length(
            min=1, max=MOST_AT_ONCE, error=f"uploads_invalid|must be a list of 1 to {MOST_AT_ONCE} photographs"
        ),
        error_messages={
            "invalid": "uploads_invalid|must be a list of photographs, each with size_bytes and media_type"
        },
        metadata={"description": f"Up to {MOST_AT_ONCE} photographs; the answer has an upload each, in their order."},
    )

    @validates_schema(skip_on_field_errors=True)
    def _one_or_many(self, data: dict[str, Any], **_: Any) -> None:
        many = data.get("uploads")
        if many is None:
            _check_whole(data, {})
            return
        if both := [name for name in PhotographForm().fields if name in data]:
            raise ValidationError({both[0]: "uploads_ambiguous|send one photograph's fields, or `uploads`, not both"})
        for place, one in enumerate(many):
            _check_whole(one, {"uploads": place})


def _check_whole(one: dict[str, Any], where: dict[str, int]) -> None:
    for name in ("size_bytes", "media_type"):
        if one.get(name) is None:
            fault: Any = {name: "field_missing|announce the photograph: send `size_bytes` and `media_type`"}
            raise ValidationError({list_: {place: fault} for list_, place in where.items()} or fault)


def announced(form: dict[str, Any]) -> list[Announced]:
    """What a valid form announces."""
    if "uploads" not in form:
        return [Announced("", **form)]
    return [Announced(f"uploads/{place}/", **one) for place, one in enumerate(form["uploads"])]


class UploadUrlsSchema(Schema):
    """Where to go from here."""

    self = fields.String(required=True)


class UploadSchema(Schema):
    """An upload: where to put one photograph. `url` and `headers` are shown once."""

    id = fields.String(required=True, metadata={"description": "What a comparison or a batch names it by."})
    status = fields.String(required=True, validate=validate.OneOf(["open", "used", "expired"]))
    method = fields.String(required=True, metadata={"description": "PUT."})
    url = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Where to put it, without a key of this API; null when it is looked at again."},
    )
    headers = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "What the PUT must have; the store refuses others."},
    )
    size_bytes = fields.Integer(required=True)
    media_type = fields.String(required=True)
    sha256 = fields.String(required=True, allow_none=True)
    used_by = fields.String(
        required=True, allow_none=True, metadata={"description": "Id of the comparison or batch that has named it."}
    )
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    expires_at = fields.String(
        required=True, metadata={"format": "date-time", "description": "Until then it can be put, and named."}
    )
    urls = fields.Nested(UploadUrlsSchema, required=True)


class UploadListSchema(Schema):
    """Uploads in the order in which they were announced."""

    uploads = fields.List(fields.Nested(UploadSchema), required=True)


def upload_document(
    upload: Upload, now: float, *, url: str | None = None, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """What is known of an upload, as plain values; where to put it, when it is opened."""
    return {
        "id": upload.id,
        "status": upload.status_at(now),
        "method": "PUT",
        "url": url,
        "headers": headers,
        "size_bytes": upload.size_bytes,
        "media_type": upload.media_type,
        "sha256": upload.sha256,
        "used_by": upload.taken_by.partition(":")[2] if upload.taken_by else None,
        "created_at": rfc3339(upload.created_at),
        "expires_at": rfc3339(upload.expires_at),
        "urls": {"self": url_of(upload.id)},
    }
