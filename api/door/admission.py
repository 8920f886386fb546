"""Whether a request may come in now: its key's rate and quota, and the length of the queue; and in which lane it waits.

While Redis is away a request fails as `broker_unavailable`: no limit is ever taken for absent because nobody counted.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flask import g
from werkzeug.wrappers import Response

from api.door.access import caller, demanded
from api.door.rates import Allowance
from api.door.services import Services, services
from api.http.problems import Problem
from core.errors import BrokerUnavailable
from core.keys.keys import ApiKey
from core.messaging.broker import Queues

#: When to ask again, where nobody can know better.
QUEUE_RETRY_S = 5


def admit() -> None:
    """Before anything of the body is read: hold the key to its rate, and the queue to its length."""
    g.allowances = []
    if (key := caller().key) is not None:
        _hold_to_rate(key)
    if demanded().submits:
        _hold_queue(services(), caller().owner)


@contextmanager
def counted() -> Iterator[None]:
    """Count a comparison against its key's day. One that is not accepted in the end does not count."""
    key, rates = caller().key, services().rates
    per_day = _per_day(key, services()) if key else 0
    if key is None or not per_day:
        yield
        return
    granted, allowance = rates.count_comparison(key.owner, per_day)
    g.allowances.append(allowance)
    if not granted:
        raise _exceeded("quota_exceeded", f"this key may submit {per_day} comparisons a day", allowance)
    try:
        yield
    except BaseException:
        with suppress(BrokerUnavailable):  # then one comparison was counted for nothing
            rates.return_comparison(key.owner, per_day)
        raise


def lane() -> str:
    """The queue of a job submitted now: beyond its fair share, a key's jobs wait in the lane of the busy.

    Workers take from both lanes by turns, so a key with few jobs does not wait behind one with many.
    """
    queued: int | None = g.get("queued_of_owner")
    beyond = queued is not None and queued >= services().settings.limits.fair_share
    return Queues.COMPARISONS_BUSY if beyond else Queues.COMPARISONS


def announce_limits(response: Response) -> Response:
    """Say what is left: the RateLimit fields of draft-ietf-httpapi-ratelimit-headers-09, and the older three."""
    allowances: list[Allowance] = g.get("allowances") or []
    if allowances:
        response.headers["RateLimit-Policy"] = ", ".join(f'"{a.name}";q={a.limit};w={a.window_s}' for a in allowances)
        response.headers["RateLimit"] = ", ".join(f'"{a.name}";r={a.remaining};t={a.reset_s}' for a in allowances)
        tightest = min(allowances, key=lambda a: a.remaining)
        response.headers["X-RateLimit-Limit"] = str(tightest.limit)
        response.headers["X-RateLimit-Remaining"] = str(tightest.remaining)
        response.headers["X-RateLimit-Reset"] = str(math.ceil(time.time()) + tightest.reset_s)
    return response


def _hold_to_rate(key: ApiKey) -> None:
    own = key.requests_per_minute
    per_minute = services().settings.limits.key_requests_per_minute if own is None else own
    if not per_minute:
        return
    granted, allowance = services().rates.count_request(key.owner, per_minute)
    g.allowances.append(allowance)
    if not granted:
        raise _exceeded("rate_limited", f"this key may make {per_minute} requests a minute", allowance)


def _hold_queue(services: Services, owner: str | None) -> None:
    limits = services.settings.limits
    waiting = services.jobs.waiting(owner)
    g.queued_of_owner = waiting.of_owner
    headers = {"Retry-After": str(QUEUE_RETRY_S)}
    if waiting.in_all >= limits.max_queued:
        detail = f"{waiting.in_all} jobs wait; at most {limits.max_queued} may. Nothing was accepted: ask again later"
        raise Problem(503, "queue_full", detail, headers=headers)
    if waiting.of_owner is not None and waiting.of_owner >= limits.max_queued_per_key:
        detail = f"{waiting.of_owner} jobs of this key wait; at most {limits.max_queued_per_key} may"
        raise Problem(429, "too_many_queued", detail, headers=headers)


def _per_day(key: ApiKey, services: Services) -> int:
    own = key.comparisons_per_day
    return services.settings.limits.key_comparisons_per_day if own is None else own


def _exceeded(code: str, detail: str, allowance: Allowance) -> Problem:
    headers = {"Retry-After": str(allowance.reset_s)}
    return Problem(429, code, f"{detail}; ask again in {allowance.reset_s} s", headers=headers)
