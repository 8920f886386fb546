"""Whether a request may come in now: its key's rate, and the length of the queue.

While Redis is away a request fails as `broker_unavailable`: no limit is ever taken for absent because nobody counted.
"""

import math
import time
from dataclasses import replace

from flask import g, request
from werkzeug.wrappers import Response

from api.door import uploads
from api.door.access import authorise, demanded
from api.door.caller import arrive, caller
from api.door.rates import exceeded
from api.door.services import Services, services
from api.http.problems import Problem
from core.keys.keys import ApiKey

#: The body of a call that sends no images. JSON of this size is read in milliseconds, whatever it holds.
SMALL_BODY_BYTES = 64 * 1024
#: When to ask again, where nobody can know better.
QUEUE_RETRY_S = 5


def admit() -> None:
    """Before anything of the body is read: bound it, hold the key to its rates, and the queue to its length."""
    request.max_content_length = _largest_body()
    if (key := caller().key) is not None:
        _hold_to_rate(key)
    authorise()  # what is refused counts as a request too
    if demanded().submits:
        _hold_queue(services())
    uploads.admit()


def _largest_body() -> int:
    """Both images at their limit, and the small fields around them; or, where no image is taken, those alone.

    Base64 has four characters for three bytes; half as much again leaves room for line breaks and what JSON escapes.
    """
    if not demanded().uploads:
        return SMALL_BODY_BYTES
    if demanded().batch:
        g.body_setting = "LIKENESS_MAX_BATCH_BYTES"
        return services().settings.batches.max_batch_bytes
    image_bytes = services().settings.images.max_image_bytes
    return (3 if request.is_json else 2) * image_bytes + SMALL_BODY_BYTES


def write_limits(response: Response) -> Response:
    """Say what is left: the RateLimit fields of draft-ietf-httpapi-ratelimit-headers-09, and the older three."""
    allowances = caller().allowances
    if allowances:
        response.headers["RateLimit-Policy"] = ", ".join(f'"{a.name}";q={a.limit};w={a.window_s}' for a in allowances)
        response.headers["RateLimit"] = ", ".join(f'"{a.name}";r={a.remaining};t={a.reset_s}' for a in allowances)
        tightest = min(allowances, key=lambda a: a.requests_left)
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
    caller().allowances.append(allowance)
    if not granted:
        raise exceeded("rate_limited", f"this key may make {per_minute} requests a minute", allowance)


def _hold_queue(services: Services) -> None:
    """Refuse a job for which there is no room, and note what waits: that decides where one more does."""
    limits, owner = services.settings.limits, caller().owner
    waiting = services.jobs.waiting(owner)
    headers = {"Retry-After": str(QUEUE_RETRY_S)}
    if waiting.in_all >= limits.max_queued:
        detail = f"{waiting.in_all} jobs wait; at most {limits.max_queued} may. Nothing was accepted: ask again later"
        raise Problem(503, "queue_full", detail, headers=headers)
    if waiting.of_owner is not None and waiting.of_owner >= limits.max_queued_per_key:
        detail = f"{waiting.of_owner} jobs of this key wait; at most {limits.max_queued_per_key} may"
        raise Problem(429, "too_many_queued", detail, headers=headers)
    arrive(replace(caller(), waiting=waiting))
