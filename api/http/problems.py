"""Errors as `application/problem+json` (RFC 9457), each with a stable `code` and the request's id."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from typing import Any

import structlog
from flask import Flask, current_app, g, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Response

from api.http.answers import json_response
from api.http.problem_types import code_of, type_of
from api.http.unrouted import not_allowed, not_found
from core.comparisons.submission import FieldRefused
from core.errors import LikenessError, RedisUnavailable, StoreUnavailable

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
#: What was wrong is named, not sent back: at most so many characters of it, and so many fields.
MAX_CHARACTERS = 500
MAX_FIELD_ERRORS = 50

#: HTTP status of our own errors, where 500 would be wrong.
STATUS_OF: Mapping[str, int] = {
    "broker_unavailable": 503,
    "store_unavailable": 503,
    "job_not_found": 404,
    "endpoint_not_found": 404,
    "idempotency_key_reused": 422,
    "transition_refused": 409,
    "run_in_use": 409,
    "run_unfit": 409,
    "runs_not_comparable": 409,
    "calibration_empty": 409,
    "calibration_smaller": 409,
    "report_not_ready": 409,
    "record_unreadable": 409,
    "too_many_endpoints": 422,
    "too_many_open_uploads": 429,
    "upload_not_found": 404,
    "upload_used": 422,
    "upload_differs": 422,
    "pack_unknown": 422,
    "dataset_unknown": 422,
    "image_unsupported": 415,
    "image_too_large": 413,
    "undecodable_image": 415,
    "image_rejected": 415,
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field; `pointer` is a JSON pointer to it (RFC 6901)."""

    pointer: str
    code: str
    detail: str


class Problem(LikenessError):
    """A request that cannot be served as it is."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.headers = headers or {}
        self.status = status
        self.code = code
        self.errors = tuple(errors)


def problem_response(
    status: int, code: str, detail: str, *, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """The body every error has."""
    g.problem = code
    body: dict[str, Any] = {
        "type": type_of(code),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _shortened(detail),
        "code": code,
        "instance": request.path,
        "request_id": g.get("request_id", ""),
    }
    if errors:
        body["errors"] = [
            {"pointer": _shortened(e.pointer), "code": e.code, "detail": _shortened(e.detail)}
            for e in errors[:MAX_FIELD_ERRORS]
        ]
    response = json_response(body, status)
    response.mimetype = MEDIA_TYPE
    response.headers.extend(headers or {})
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers.setdefault("Retry-After", "2")
    return response


def told(error: LikenessError) -> str:
    """What a client reads of an error. What a server of ours said, address and all, is for the log."""
    is_outage = isinstance(error, (RedisUnavailable, StoreUnavailable))
    return (type(error).__doc__ or "").strip() if is_outage else str(error)


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}..."


def register_problems(app: Flask) -> None:
    """Answer every error, ours, Flask's and the unforeseen, in one form."""

    @app.errorhandler(Problem)
    def _problem(error: Problem) -> Response:
        return problem_response(error.status, error.code, str(error), errors=error.errors, headers=error.headers)

    @app.errorhandler(FieldRefused)
    def _field(error: FieldRefused) -> Response:
        fault = FieldError(f"/{error.field}", error.code, str(error))
        return problem_response(STATUS_OF.get(error.code, 422), error.code, f"{error.field}: {error}", errors=[fault])

    @app.errorhandler(LikenessError)
    def _ours(error: LikenessError) -> Response:
        status = STATUS_OF.get(error.code, 500)
        if status >= 500:
            log.warning("request_failed", code=error.code, why=str(error))
        return problem_response(status, error.code, told(error))

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        status = error.code or 500
        validation = getattr(error, "data", {}).get("messages")
        if validation is not None:
            return _invalid(validation)
        headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            detail = _too_large()
        elif isinstance(error, NotFound):
            detail = not_found()
        elif isinstance(error, MethodNotAllowed):
            detail = not_allowed(error.valid_methods or ())
        else:
            detail = error.description or HTTPStatus(status).description
        return problem_response(status, code_of(status), detail, headers=headers)

    @app.errorhandler(ClientDisconnected)
    def _no_whole_body(error: ClientDisconnected) -> Response:
        if isinstance(error.__context__, TimeoutError):
            return problem_response(408, "body_too_slow", "the body took too long to arrive")
        return problem_response(
            400, "body_broken", "the body ended early, or its chunks are not encoded as HTTP/1.1 has it"
        )

    @app.errorhandler(Exception)
    def _unforeseen(error: Exception) -> Response:
        log.exception("request_broke")
        return problem_response(500, "internal", "something broke on our side; the request id finds it in our logs")


def _too_large() -> str:
    config, most = current_app.config, request.max_content_length or 0
    setting = g.get("body_setting", "LIKENESS_MAX_IMAGE_BYTES")
    detail = f"the body has {request.content_length or 'an unknown number of'} bytes; accepted are at most {most}"
    if request.mimetype == "multipart/form-data" and "body_setting" not in g:
        detail += (
            f", in at most {config['MAX_FORM_PARTS']} parts, with {config['MAX_FORM_MEMORY_SIZE']} outside of them"
        )
    # Where images are taken, more is accepted than anywhere else.
    return f"{detail}; {setting} decides" if most > config["MAX_CONTENT_LENGTH"] else detail


def _invalid(messages: Mapping[str, Any]) -> Response:
    """What webargs found, field by field. The first error's code is the problem's."""
    found = (error for fields in messages.values() for error in _flatten(fields, ""))
    errors = list(islice(found, MAX_FIELD_ERRORS))
    first = errors[0]
    return problem_response(422, first.code, f"{first.pointer.lstrip('/')}: {first.detail}", errors=errors)


def _flatten(value: Any, pointer: str) -> Iterator[FieldError]:
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _flatten(below, f"{pointer}/{name}")
    elif isinstance(value, list):
        for below in value:
            yield from _flatten(below, pointer)
    else:
        code, _, detail = str(value).partition("|")
        yield FieldError(pointer, code, detail) if detail else FieldError(pointer, "invalid", code)
