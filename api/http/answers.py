"""Answers in JSON."""

from typing import Any

from flask import current_app
from werkzeug.wrappers import Response


def json_response(body: Any, status: int = 200) -> Response:
    """`body` as JSON."""
    response: Any = current_app.json.response(body)
    response.status_code = status
    return response  # type: ignore[no-any-return]
