"""Pages by opaque cursor, newest first."""

import base64
import binascii
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from flask import request
from werkzeug.wrappers import Response

from api.http.problems import FieldError, Problem
from core.storage.lifecycle import Status


def page_of(query: dict[str, Any], prefix: str, statuses: type[StrEnum] = Status) -> dict[str, Any]:
    """A store's `page` arguments out of a `ListQuery`; ids begin with `prefix`."""
    return {
        "limit": query["limit"],
        "after": _decode_cursor(query["cursor"], prefix) if "cursor" in query else None,
        "status": statuses(query["status"]) if "status" in query else None,
    }


def encode_cursor(last_id: str | None) -> str | None:
    """A cursor that continues after this id; None at the end."""
    return base64.urlsafe_b64encode(last_id.encode()).decode().rstrip("=") if last_id else None


def linked(response: Response, cursor: str | None) -> Response:
    """Add the `Link` to the next page (RFC 8288)."""
    if cursor:
        arguments = {name: value for name, value in request.args.items() if name != "cursor"}
        query = urlencode({**arguments, "cursor": cursor})
        response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return response


def decode_place(cursor: str, record_id: str) -> int:
    """Where a page of a record's rows begins after. Raise Problem for a cursor that is not of this record."""
    place = _decode_cursor(cursor, record_id).removeprefix(f"{record_id}_")
    if not (place.isascii() and place.isdigit()) or len(place) > 9:
        raise _unusable()
    return int(place)


def _decode_cursor(cursor: str, prefix: str) -> str:
    try:
        last_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        last_id = ""
    if not last_id.startswith(f"{prefix}_"):
        raise _unusable()
    return last_id


def _unusable() -> Problem:
    detail = "use `next_cursor` of the page before, unchanged"
    errors = [FieldError("/cursor", "cursor_invalid", detail)]
    return Problem(422, "cursor_invalid", f"cursor: {detail}", errors=errors)
