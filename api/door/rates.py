"""Counting what a key asks for.

Requests are counted in a window that slides over a minute, accepted comparisons in a day that begins with the first
one; both on the same Redis as everything else.
"""

import math
import time
from dataclasses import dataclass, replace

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter

from api.http.problems import Problem
from core.settings.groups import RedisSettings
from core.storage.connection import connect, translated


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit: `remaining` of `limit` in `window_s`, more of it in `reset_s`."""

    name: str
    limit: int
    window_s: int
    remaining: int
    reset_s: int


class Rates:
    """Counters by owner. Connects when first used; every method raises RecordsUnavailable when the server is away."""

    def __init__(self, server: RedisSettings) -> None:
        self._server = server
        self._made: RedisStorage | None = None

    def count_request(self, owner: str, per_minute: int) -> tuple[bool, Allowance]:
        """Whether one more request fits into this minute, and what is left."""
        return _count(
            SlidingWindowCounterRateLimiter(self._storage), "requests", RateLimitItemPerMinute(per_minute), owner
        )

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
    def _storage(self) -> RedisStorage:
        if self._made is None:
            self._made = RedisStorage(
                "redis://",  # names the library's driver; where the server is, the pool knows
                connection_pool=connect(self._server).connection_pool,
                key_prefix="limit",
            )
        return self._made


def exceeded(code: str, detail: str, allowance: Allowance) -> Problem:
    """The refusal of one who has used up a limit."""
    headers = {"Retry-After": str(allowance.reset_s)}
    return Problem(429, code, f"{detail}; ask again in {allowance.reset_s} s", headers=headers)


def _count(limiter: RateLimiter, name: str, item: RateLimitItem, owner: str, cost: int = 1) -> tuple[bool, Allowance]:
    with translated():
        granted = limiter.hit(item, owner, cost=cost)
        return granted, _allowance(limiter, name, item, owner)


def _allowance(limiter: RateLimiter, name: str, item: RateLimitItem, owner: str) -> Allowance:
    reset_at, remaining = limiter.get_window_stats(item, owner)
    reset_s = max(1, math.ceil(reset_at - time.time()))
    return Allowance(name, item.amount, item.get_expiry(), max(0, remaining), reset_s)
