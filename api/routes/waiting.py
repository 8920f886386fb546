"""Holding a request until its job ends."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from flask import request

from api.door.caller import caller
from api.door.services import Services, services
from api.door.waiters import NoPlaceToWait
from api.http.problems import Problem
from core.comparisons.jobs import Job

#: When to ask for a place again.
PLACE_RETRY_S = 5

_WAIT = re.compile(r"\bwait\s*=\s*\"?(\d+)\"?", re.IGNORECASE)


def preferred_wait_s() -> float:
    """Seconds the client asked for with `Prefer: wait=N` (RFC 7240); 0 without, or with `respond-async`."""
    prefer = ",".join(request.headers.getlist("Prefer"))
    if "respond-async" in prefer.lower():
        return 0.0
    wait = _WAIT.search(prefer)
    return float(wait.group(1)) if wait else 0.0


def wait_for(job: Job, wait_s: float, services: Services) -> tuple[Job, float]:
    """The job after waiting, and the seconds that were granted: none when too many requests wait already."""
    granted_s = min(wait_s, services.settings.api.max_wait_s)
    if job.status.is_terminal or granted_s <= 0:
        return job, 0.0
    try:
        with services.waiters.place(caller().owner):
            return services.jobs.wait(job.id, granted_s), granted_s
    except NoPlaceToWait:
        return job, 0.0


@contextmanager
def place_to_wait() -> Iterator[None]:
    """A place for a request that has to wait, until the end of the block. Raise Problem when there is none."""
    try:
        with services().waiters.place(caller().owner):
            yield
    except NoPlaceToWait as error:
        detail = (
            f"{error}; of {services().settings.api.threads} threads (LIKENESS_API_THREADS) three quarters may wait, a "
            "quarter for one key. Nothing was accepted: ask again later, or POST /v1/comparisons and poll"
        )
        raise Problem(503, "no_place_to_wait", detail, headers={"Retry-After": str(PLACE_RETRY_S)}) from None
