"""Holding a request until its job ends."""

import re

from flask import request

from api.door.services import Services
from core.comparisons.jobs import Job

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
    if job.status.is_terminal or granted_s <= 0 or not services.waiters.acquire(blocking=False):
        return job, 0.0
    try:
        return services.jobs.wait(job.id, granted_s), granted_s
    finally:
        services.waiters.release()
