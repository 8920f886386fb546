"""The Flask application: `gunicorn 'api.app:create_app()'`."""

import importlib.metadata
import re
import secrets
import time
from contextlib import ExitStack

import structlog
from flask import Flask, Response, g, request
from flask_smorest import Api
from prometheus_client import CollectorRegistry

from api.door import access, admission, origin, query
from api.door.access import demanded
from api.door.services import make_services, services
from api.door.uploads import leave
from api.http.problems import register_problems
from api.instruments import Instruments
from api.routes import (
    batches,
    calibrations,
    compare,
    comparisons,
    datasets,
    deliveries,
    endpoints,
    evaluations,
    events,
    health,
    inquiries,
    me,
    packs,
    pages,
    problem_types,
    receipts,
    reference,
    system,
    uploads,
)
from api.schemas.examples import illustrate
from api.schemas.uploads import UploadListSchema
from core import traces
from core.logs import configure_logs
from core.settings import Settings, load_settings
from core.storage import patience
from core.traces import Origin

log = structlog.get_logger()

VERSION = importlib.metadata.version("likeness")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

#: On every answer that does not say otherwise itself; no-store because most of what is answered is about a person.
#: What an answer may do as a page is what a report does: show its own style and its own plots.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class LikenessApi(Api):  # type: ignore[misc]
    """flask-smorest, with our problems in place of its errors; each route documents its own."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        register_problems(self._app)


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application. Connects to nothing: stores are reached when a request needs them."""
    settings = settings or load_settings()
    configure_logs("api", json_lines=settings.logs.as_json, level=settings.logs.level)
    traces.begin("api", settings.traces.endpoint)
    app = Flask("likeness", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.merge_slashes = False  # a redirect would be made from the Host header
    app.config.update(
        API_TITLE="Likeness",
        API_VERSION=VERSION,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": "Face verification as an asynchronous job service."},
            "components": {"securitySchemes": {"key": access.SECURITY_SCHEME}},
            "webhooks": deliveries.WEBHOOKS,
        },
        MAX_CONTENT_LENGTH=admission.SMALL_BODY_BYTES,  # more where a route takes images
        MAX_FORM_MEMORY_SIZE=256 * 1024,  # a field that is not a file; werkzeug needs room for its 64 KiB chunks
        MAX_FORM_PARTS=20,
    )
    app.extensions["likeness"] = make_services(settings)
    app.before_request(_identify)
    app.before_request(_begin)
    app.before_request(origin.refuse_other_sites)
    app.before_request(access.authenticate)
    app.before_request(admission.admit)
    app.before_request(query.refuse_unknown)
    app.after_request(Instruments(CollectorRegistry()).answered)
    app.after_request(_finish)
    app.after_request(admission.write_limits)
    app.teardown_request(leave)
    app.teardown_request(_end)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(reference.blueprint)
    api = LikenessApi(app)
    for name, schema in deliveries.EVENTS.items():
        api.spec.components.schema(name, schema=schema)
    api.spec.components.schema("UploadList", schema=UploadListSchema)
    for module in (
        batches,
        calibrations,
        compare,
        comparisons,
        datasets,
        deliveries,
        endpoints,
        evaluations,
        events,
        health,
        inquiries,
        me,
        packs,
        problem_types,
        receipts,
        system,
        uploads,
    ):
        api.register_blueprint(module.blueprint)
    illustrate(api.spec.components.schemas)
    return app


def _identify() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else f"req_{secrets.token_hex(8)}"
    g.began, g.patience = time.monotonic(), patience.begin()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    g.until_answered = ExitStack()
    path = request.url_rule.rule if request.url_rule else "none"
    of = Origin(traceparent=traces.read(request.headers.get("traceparent")))
    facts = {"http.request.method": request.method, "http.route": path, "likeness.request_id": g.request_id}
    g.span = g.until_answered.enter_context(traces.span(f"{request.method} {path}", kind="server", of=of, **facts))


def _begin() -> None:
    """A client waits from now on; not for a server that has just let another one wait in vain."""
    if not (access := demanded()).is_open:
        services().silences.check(uploads=access.uploads)


def _finish(response: Response) -> Response:
    """Say once, here and in the log, what became of the request, by the id that the client is told."""
    response.headers["X-Request-Id"] = g.request_id
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    for server in g.patience.silences:
        services().silences.note(server)
    took_ms = round(1000 * (time.monotonic() - g.began), 1)
    if g.span:
        g.span.set_attribute("http.response.status_code", response.status_code)
    log.info("request", method=request.method, path=request.path, status=response.status_code, took_ms=took_ms)
    _end()
    return response


def _end(error: BaseException | None = None) -> None:
    """Whatever became of the request, its span is over."""
    if until_answered := g.pop("until_answered", None):
        until_answered.close()
