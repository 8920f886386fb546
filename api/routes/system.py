"""`/v1/system`: what this deployment is, and how it stands: to its operator everything, to a key its own."""

import platform
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from flask import current_app
from flask.views import MethodView

from api.door.caller import caller
from api.door.readiness import Check
from api.door.services import services
from api.routes.blueprint import Blueprint
from api.schemas.deployment import SystemSchema
from api.schemas.resources import timestamp
from core.deployment import findings
from core.deployment.document import document, open_document
from core.deployment.finding import Finding, fail, ok
from core.deployment.standing import KINDS, OPEN, Standing
from core.errors import RedisUnavailable
from core.keys.keys import Scope
from core.storage.counts import count
from core.storage.fitness import server_version

blueprint = Blueprint("system", __name__, description="What a deployment is, and how it stands")

#: What belongs to a key; evaluation runs are the deployment's.
OWNED = ("comparisons", "batches")
REMEDY = "`likeness doctor`, where the servers are, says what to do"


@blueprint.route("/v1/system")
class System(MethodView):
    """The deployment."""

    @blueprint.requires(Scope.READ)
    @blueprint.response(200, SystemSchema)
    @blueprint.problems(503)
    def get(self) -> dict[str, Any]:
        """What this deployment runs, and how it stands

        A key with the scope `admin`, and anybody where keys are off, is told of every queue, worker and finding;
        another key of what it has itself. An answer may be three seconds old. Where Redis is away, `checks` says so.
        """
        checks = services().readiness.checks()
        said: dict[str, Any] = {
            "at": timestamp(time.time()),
            "version": current_app.config["API_VERSION"],
            "keys": services().settings.api.auth_on,
            "ready": all(check.ok for check in checks.values()),
            "checks": {name: asdict(check) for name, check in checks.items()},
            **dict.fromkeys(("engines", "own", "deployment")),
        }
        try:
            said |= {"engines": _engines(), "own": _own()}
            if caller().sees is None:
                found = services().standings.now()
                said |= {"at": timestamp(found.at), "deployment": _deployment(found, checks)}
        except RedisUnavailable:
            pass
        return said


def _engines() -> list[dict[str, Any]]:
    """What comparisons are computed with, and by how many."""
    workers = services().presence.workers()
    held = Counter(
        facts for worker in workers for facts in {(e.pack.name, e.pack.digest, e.provider) for e in worker.engines}
    )
    return [
        {"pack": name, "pack_digest": digest, "provider": provider, "workers": workers_}
        for (name, digest, provider), workers_ in sorted(held.items())
    ]


def _own() -> dict[str, Any]:
    now, owner = time.time(), caller().owner
    asked = [(KINDS[name], status) for name in OWNED for status in OPEN]
    counts = count(services().settings.redis, asked, owner=owner)
    return {name: open_document(counts, KINDS[name], now) for name in OWNED}


def _deployment(found: Standing, checks: Mapping[str, Check]) -> dict[str, Any]:
    settings = services().settings
    said = document(found)
    for worker in said["workers"]:
        worker["started_at"] = timestamp(worker["started_at"])
    return {
        **said,
        "versions": {
            "python": platform.python_version(),
            "celery": version("celery"),
            "redis": server_version(settings.redis),
        },
        "findings": [asdict(finding) for finding in _findings(found, checks)],
    }


def _findings(found: Standing, checks: Mapping[str, Check]) -> list[Finding]:
    settings = services().settings
    return [
        *(ok(name, check.detail) if check.ok else fail(name, check.detail, REMEDY) for name, check in checks.items()),
        *findings.workers(found, settings),
        *findings.queues(found),
        *findings.deliveries(found),
    ]
