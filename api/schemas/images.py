"""An image in a request: a part of a form that is a file, or a text in a JSON object."""

import io
import re
from collections.abc import Mapping
from typing import Any

from flask_smorest.fields import Upload
from marshmallow import ValidationError, fields
from werkzeug.datastructures import FileStorage

from core.comparisons.data_uris import TextNotBase64, decode_image
from core.uploads.upload import UPLOAD_ID

_URL = re.compile(r"\s*https?://", re.IGNORECASE)
#: A file's name, or another scheme than those.
_PLACE = re.compile(r"\s*(?!data:)[a-z][a-z0-9+.-]*:|[^\s]{1,1000}\.[a-z0-9]{2,5}\s*$", re.IGNORECASE)


def is_url(text: str) -> bool:
    """Whether a text is where an image can be fetched, and not the image."""
    return _URL.match(text) is not None


def is_upload(text: str) -> bool:
    """Whether a text is an upload's id, and not the image: in base64 it would be 27 bytes that no image begins with."""
    return UPLOAD_ID.fullmatch(text.strip()) is not None


def _is_place(value: str | bytes) -> bool:
    return isinstance(value, str) and _PLACE.match(value) is not None


def is_image(field: fields.Field[Any]) -> bool:
    """Whether a field of a schema is an image."""
    return isinstance(field, Upload | ImageText)


def image_file(description: str) -> Upload:
    """A part of a form."""
    return Upload(
        required=True,
        metadata={"description": description},
        error_messages={"required": "part_missing|this part is missing; send an image file"},
    )


class ImageText(fields.Field[FileStorage | str]):
    """Base64, bare or in a data URI; in code it is the file that a form would have had.

    A URL, or an upload's id, stays one.
    """

    default_error_messages = {"required": "part_missing|this field is missing; send an image in base64"}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> FileStorage | str:
        if not isinstance(value, str | bytes):
            raise ValidationError(
                f"image_not_base64|must be a text in base64; found {KINDS.get(type(value), 'no text')}"
            )
        if isinstance(value, str) and (is_url(value) or is_upload(value)):
            return value.strip()
        try:
            return FileStorage(io.BytesIO(decode_image(value)), name=attr)
        except TextNotBase64 as error:
            hint = (
                "; a path, or a URL of this kind, is not read here: send the bytes of the file"
                if _is_place(value)
                else ""
            )
            raise ValidationError(f"{error.code}|{error}{hint}") from None


#: What a value of JSON is called.
KINDS = {dict: "an object", list: "a list", bool: "true or false", int: "a number", float: "a number"}
