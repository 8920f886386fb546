"""`/health` and `/ready`: whether this process answers, and whether comparisons are served."""

from collections.abc import Callable
from typing import Any

import structlog
from flask.views import MethodView
from werkzeug.wrappers import Response

from api.door.services import Services, services
from api.http.answers import json_response
from api.http.problems import told
from api.routes.blueprint import Blueprint
from api.schemas.system import HealthSchema, ReadySchema
from core.comparisons.store import JobStore
from core.errors import LikenessError

log = structlog.get_logger()

#: From this part of its memory on, the server of the records is said to be nearly full.
MEMORY_WARNING = 0.8

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
        """Whether the stores answer and a warm worker holds the default pack"""
        checks = {
            "job_store": _check(lambda: _memory_of(services().jobs)),
            "object_store": _check(services().objects.ping),
            "worker": _check(lambda: _holding_worker(services())),
        }
        ready = all(check["ok"] for check in checks.values())
        response = json_response({"ready": ready, "checks": checks}, 200 if ready else 503)
        if not ready:
            response.headers["Retry-After"] = "2"
        return response


def _check(call: Callable[[], str | None]) -> dict[str, Any]:
    try:
        return {"ok": True, "detail": call() or "answers"}
    except LikenessError as error:
        return {"ok": False, "detail": told(error)}


def _memory_of(jobs: JobStore) -> str | None:
    """A warning before the server is full, which is still ready; None while there is room."""
    used = jobs.memory_used()
    if used is None or used < MEMORY_WARNING:
        return None
    log.warning("records_memory", used=round(used, 3))
    return f"answers, but {used:.0%} of its memory is used (maxmemory): once it is full, nothing more is accepted"


def _holding_worker(services: Services) -> str:
    pack, patience_s = services.settings.packs.default, services.settings.worker.canary_patience_s
    holding = [w for w in services.presence.workers() if any(e.pack.name == pack for e in w.engines)]
    names = [w.name for w in holding if w.silent_s <= patience_s]
    if holding and not names:
        silent = ", ".join(f"{w.name} ({w.silent_s:.0f} s)" for w in holding)
        raise LikenessError(f"up but deaf, taking no message from the broker: {silent}")
    if not names:
        raise LikenessError(f"no warm worker holds the pack {pack!r}")
    return f"{', '.join(names)} hold{'s' if len(names) == 1 else ''} {pack!r}"
