"""Counting what a key asks for.

Requests, and the bytes of images, are counted in a window that slides over a minute, accepted comparisons in a day that
begins with the first one; all on the same Redis as everything else.
"""

import math
import time
from dataclasses import dataclass, replace
from typing import Any

from flask import request
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter

from api.http.problems import Problem
from core.settings.groups import RedisSettings
from core.storage.connection import connect, translated


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit: `remaining` of `limit` in `window_s`, more of it in `reset_s`.

    `cost` is what this request took of it, or would have.
    """

    name: str
    limit: int
    window_s: int
    remaining: int
    reset_s: int
    cost: int = 1

    @property
    def requests_left(self) -> float:
        """How many more like this one it lets through."""
        return self.remaining / self.cost


@dataclass(frozen=True, slots=True)
class Window:
    """As `limits` counts in a sliding one: what the window before held is worth less and less until it expires."""

    before: int
    before_expires_in_s: float
    now: int
    #: Of two windows' length: after the first, what was counted now has been counted before.
    now_expires_in_s: float

    def weight(self, window_s: float) -> float:
        """What is held against the limit now."""
        return self.before * self.before_expires_in_s / window_s + self.now

    def free_in_s(self, cost: int, limit: int, window_s: float) -> float:
        """When `cost` fits under `limit`, if nothing else is counted until then; 0 where it does now."""
        room = limit - cost
        if self.now > room:
            return self.now_expires_in_s - room * window_s / self.now
        if not self.before:
            return 0.0
        return max(0.0, self.before_expires_in_s - (room - self.now) * window_s / self.before)


class Rates:
    """Counters by owner. Connects when first used; every method raises RecordsUnavailable when the server is away."""

    def __init__(self, server: RedisSettings) -> None:
        self._server = server
        self._made: RedisStorage | None = None

    def count_request(self, owner: str, per_minute: int) -> tuple[bool, Allowance]:
        """Whether one more request fits into this minute, and what is left."""
        return _count(self._sliding, "requests", RateLimitItemPerMinute(per_minute), owner)

    def count_bytes(self, owner: str, per_minute: int, size_bytes: int) -> tuple[bool, Allowance]:
        """Whether a body of so many bytes fits into this minute, and what is left; one that never would fits alone.

        It is counted if it fits.
        """
        item, cost = _bytes_a_minute(per_minute), min(size_bytes, per_minute)
        with translated():
            granted = self._sliding.hit(item, owner, cost=cost)
        return granted, self._bytes_left(item, owner, cost)

    def has_room(self, owner: str, per_minute: int, size_bytes: int) -> tuple[bool, Allowance]:
        """The same, and nothing is counted."""
        item, cost = _bytes_a_minute(per_minute), min(size_bytes, per_minute)
        with translated():
            granted = self._sliding.test(item, owner, cost=cost)
        return granted, self._bytes_left(item, owner, cost)

    def _bytes_left(self, item: RateLimitItem, owner: str, cost: int) -> Allowance:
        """The library says when the next byte is free; asked for is when all of them are."""
        with translated():
            window = Window(*self._storage.get_sliding_window(item.key_for(owner), item.get_expiry()))
        remaining = max(0, item.amount - math.floor(window.weight(item.get_expiry())))
        free_in_s = window.free_in_s(cost, item.amount, item.get_expiry())
        return Allowance("bytes", item.amount, item.get_expiry(), remaining, max(1, math.ceil(free_in_s)), max(1, cost))

    def count_comparisons(self, owner: str, per_day: int, comparisons: int = 1) -> tuple[bool, Allowance]:
        """Whether so many more fit into this day, and what is left. Several that do not fit are not counted."""
        limiter, item = FixedWindowRateLimiter(self._storage), RateLimitItemPerDay(per_day)
        granted, allowance = _count(limiter, "comparisons", item, owner, comparisons)
        if granted or comparisons == 1:
            return granted, allowance
        self.return_comparisons(owner, per_day, comparisons)
        with translated():
            remaining = limiter.get_window_stats(item, owner).remaining
        return False, replace(allowance, remaining=max(0, remaining))

    def comparisons_left(self, owner: str, per_day: int) -> Allowance:
        """What is left of this day, without counting anything."""
        limiter, item = FixedWindowRateLimiter(self._storage), RateLimitItemPerDay(per_day)
        with translated():
            return _allowance(limiter, "comparisons", item, owner)

    def return_comparisons(self, owner: str, per_day: int, comparisons: int = 1) -> None:
        """Give back what was counted and then not accepted."""
        item = RateLimitItemPerDay(per_day)
        with translated():
            self._storage.incr(item.key_for(owner), item.get_expiry(), amount=-comparisons)

    @property
    def _sliding(self) -> SlidingWindowCounterRateLimiter:
        return SlidingWindowCounterRateLimiter(self._storage)

    @property
    def _storage(self) -> RedisStorage:
        if self._made is None:
            self._made = RedisStorage(
                "redis://",  # names the library's driver; where the server is, the pool knows
                connection_pool=connect(self._server).connection_pool,
                key_prefix="limit",
            )
        return self._made


def exceeded(code: str, detail: str, allowance: Allowance) -> Problem:
    """The refusal of one who has used up a limit. Its key's next requests wait a moment before they are looked at."""
    sock: Any = request.environ.get("gunicorn.socket")
    if hasattr(sock, "retry_after_s"):
        sock.retry_after_s = allowance.reset_s
    headers = {"Retry-After": str(allowance.reset_s)}
    return Problem(429, code, f"{detail}; ask again in {allowance.reset_s} s", headers=headers)


def _count(limiter: RateLimiter, name: str, item: RateLimitItem, owner: str, cost: int = 1) -> tuple[bool, Allowance]:
    with translated():
        granted = limiter.hit(item, owner, cost=cost)
        return granted, _allowance(limiter, name, item, owner, cost)


def _allowance(limiter: RateLimiter, name: str, item: RateLimitItem, owner: str, cost: int = 1) -> Allowance:
    reset_at, remaining = limiter.get_window_stats(item, owner)
    reset_s = max(1, math.ceil(reset_at - time.time()))
    return Allowance(name, item.amount, item.get_expiry(), max(0, remaining), reset_s, max(1, cost))


def _bytes_a_minute(most: int) -> RateLimitItem:
    """Of another name than requests are counted by: the two limits may be the same number."""
    return RateLimitItemPerMinute(most, namespace="bytes")
