"""What an answer means, and when to try again. docs/webhooks.md has the same table."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

#: A consumer may ask for this much patience with `Retry-After`, not more.
MOST_RETRY_AFTER_S = 86400.0
JITTER = 0.1


class Verdict(StrEnum):
    """What becomes of a delivery after one attempt."""

    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"
    DISABLE = "disable"


def verdict_on(status: int | None, *, refused: bool = False) -> Verdict:
    """The verdict on an HTTP status; None is no answer at all, `refused` is our own guard's no."""
    match status:
        case _ if refused:
            return Verdict.DEAD
        case None | 408 | 425 | 429:
            return Verdict.RETRY
        case 410:
            return Verdict.DISABLE
        case _ if 200 <= status < 300:
            return Verdict.DELIVERED
        case _ if 400 <= status < 500:
            return Verdict.DEAD
        case _:
            return Verdict.RETRY  # 5xx; and 3xx, because a redirect is not followed


def retry_in_s(schedule: Sequence[float], failures: int, retry_after_s: float | None) -> float | None:
    """Seconds until the next attempt after so many failures; None when that was the last one.

    Jittered, so that what failed together does not come back together; never sooner than the consumer asked for.
    """
    if failures > len(schedule):
        return None
    delay = schedule[failures - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (spreads load)
    return max(delay, min(retry_after_s or 0.0, MOST_RETRY_AFTER_S))


def asked_for_s(retry_after: str) -> float | None:
    """The seconds that a `Retry-After` asks for, as a number or as a date; None when it is neither, or too large."""
    value = retry_after.strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        at = parsedate_to_datetime(value)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(0.0, (at - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError, TypeError, IndexError):  # its answers to 40 digits, to half a date
        return None
