"""Who was refused for asking too much is heard again a moment later: without a thread, and before anything is parsed.

A refusal costs a millisecond and more of the interpreter that everybody shares, so that a client which asks again as
fast as it is answered would take most of it.
"""

import heapq
import re
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Generic, TypeVar

#: How long its requests then wait, at most.
HELD_S = 1.0
#: Keys that are remembered; each was good when it was refused.
MOST = 10_000
_AUTHORIZATION = re.compile(rb"\r\nauthorization:[ \t]*([^\r\n]*?)[ \t]*\r\n", re.IGNORECASE)

C = TypeVar("C")


class Refusals(Generic[C]):
    """Until when the requests of whom wait, and the connections that do. Of one thread, but for `note`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[bytes, float] = {}
        self._held: list[tuple[float, int, C]] = []
        self._number = count()

    def note(self, authorization: bytes, retry_after_s: float) -> None:
        """A request with this `Authorization` was refused, and need not ask before so many seconds."""
        if len(self._until) >= MOST:
            self._until.clear()
        self._until[authorization] = self._clock() + min(HELD_S, retry_after_s)

    def hold(self, connection: C, head: bytes) -> bool:
        """Keep a connection whose request begins like this until it is due; False for one that is due now."""
        if not self._until or (found := _AUTHORIZATION.search(head)) is None:
            return False
        until = self._until.get(found[1], 0.0)
        if until <= self._clock():
            self._until.pop(found[1], None)
            return False
        heapq.heappush(self._held, (until, next(self._number), connection))
        return True

    def next_in_s(self, longest_s: float) -> float:
        """When the first of those that are held is due, or `longest_s` if that is sooner."""
        return min(longest_s, max(0.0, self._held[0][0] - self._clock())) if self._held else longest_s

    def due(self) -> Iterator[C]:
        """Those that have waited."""
        while self._held and self._held[0][0] <= self._clock():
            yield heapq.heappop(self._held)[2]
