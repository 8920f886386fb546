"""Who may call what: each route declares its scope once, and this module holds every request to it.

The declaration is also what the OpenAPI document and docs/routes.md say. A route that declares nothing is an
administrator's: forgetting fails closed, and a test finds it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import structlog
from flask import Flask, current_app, request

from api.door.caller import Caller, arrive, caller
from api.door.services import services
from api.http.problems import Problem
from core.comparisons.document import url_of
from core.comparisons.jobs import Job
from core.errors import RecordNotFound, RecordUnreadable
from core.keys.keys import ApiKey, KeyState, Scope, read_token

F = TypeVar("F", bound=Callable[..., Any])

#: Endpoints that are no operation of the API: the pages and the document itself.
_OPEN_ENDPOINTS = ("pages.", "reference.", "api-docs.")
_ATTRIBUTE = "_likeness_access"
_EXPLAINED = {
    KeyState.EXPIRED: "this key has expired",
    KeyState.REVOKED: "this key was revoked",
}

SECURITY_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "lk_<id>_<secret>",
    "description": "An API key. Asked for unless the deployment has turned keys off, which it may on loopback only.",
}


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks for: a scope, or nothing; where it is `known`, a key with any scope.

    `submits` marks those that put work into the queue, `uploads` those whose body has images in it,
    `batch` those that may have many.
    """

    scope: Scope | None
    submits: bool = False
    uploads: bool = False
    batch: bool = False
    known: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it asks for no key at all."""
        return self.scope is None and not self.known

    @property
    def words(self) -> str:
        """For people: which scope a key needs."""
        return "any" if self.known else str(self.scope or "none")


def declare(view: F, access: Access) -> F:
    """Write a route's access on its view; decorators around it keep it."""
    setattr(view, _ATTRIBUTE, access)
    return view


def access_of(app: Flask, endpoint: str, method: str) -> Access | None:
    """What the route declares; None when it declares nothing."""
    if endpoint.startswith(_OPEN_ENDPOINTS):
        return Access(None)
    view = app.view_functions[endpoint]
    handler = getattr(getattr(view, "view_class", None), method.lower(), view)
    return cast(Access | None, getattr(handler, _ATTRIBUTE, None))


def routes(app: Flask) -> Iterator[tuple[str, str, Access | None]]:
    """Every route as (method, path, what it declares)."""
    for rule in sorted(app.url_map.iter_rules(), key=str):
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, str(rule).replace("<", "{").replace(">", "}"), access_of(app, rule.endpoint, method)


def demanded() -> Access:
    """What the route of this request asks for."""
    if request.endpoint is None or request.method == "OPTIONS":  # answered by the router: 404, 405, which methods
        return Access(None)
    method = "GET" if request.method == "HEAD" else request.method
    return access_of(current_app, request.endpoint, method) or Access(Scope.ADMIN)


def authenticate() -> None:
    """Know the caller, or raise Problem: 401 without a good key.

    Whoever does not hold a key's secret learns nothing about the key: not whether it exists, has expired, was revoked.
    """
    structlog.contextvars.unbind_contextvars("key")
    arrive(Caller())
    if not services().settings.api.auth_on or demanded().is_open:
        return
    key = _verified_key()
    structlog.contextvars.bind_contextvars(key=key.id)
    arrive(Caller(key))


def authorise() -> None:
    """Let the caller's key do only what it may, or raise Problem: 403."""
    key, wanted = caller().key, demanded().scope
    if key is None:
        return
    if wanted is not None and not key.allows(wanted):
        raise Problem(
            403,
            "scope_missing",
            f"this call needs a key with the scope {wanted}; yours has {', '.join(sorted(key.scopes))}",
            headers={"WWW-Authenticate": f'Bearer realm="likeness", error="insufficient_scope", scope="{wanted}"'},
        )
    services().keys.used(key)


def visible_job(job_id: str) -> Job:
    """The job, if it is the caller's. Raise RecordNotFound otherwise: another's job looks like none.

    Raise RecordUnreadable for one of the caller's that this version cannot read.
    """
    try:
        job = services().jobs.get(job_id)
    except RecordUnreadable as error:
        visible_id(job_id)
        raise RecordUnreadable(f"{error}. DELETE {url_of(job_id)} erases it") from error
    _hold_to_own(job_id, job.owner)
    return job


def visible_id(job_id: str) -> str:
    """The same for a job whose record need not be readable, to do something by its id."""
    _hold_to_own(job_id, services().jobs.owner_of(job_id))
    return job_id


def _hold_to_own(job_id: str, owner: str | None) -> None:
    sees = caller().sees
    if sees is not None and owner != sees:
        raise RecordNotFound(f"no job has the id {job_id!r}")


def _verified_key() -> ApiKey:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credentials.strip():
        detail = "send an API key: `Authorization: Bearer lk_...`"
        raise Problem(401, "key_missing", detail, headers={"WWW-Authenticate": 'Bearer realm="likeness"'})
    token = read_token(credentials.strip())
    key = services().keys.find(token) if token else None
    if key is None:
        raise _refused("key_invalid", "this is not a key of this deployment")
    if (state := key.state_at(time.time())) is not KeyState.ACTIVE:
        raise _refused(f"key_{state}", _EXPLAINED[state])
    return key


def _refused(code: str, detail: str) -> Problem:
    return Problem(401, code, detail, headers={"WWW-Authenticate": 'Bearer realm="likeness", error="invalid_token"'})
