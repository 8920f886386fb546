"""Turns at what all keys share: one key's large bodies are stored a few at a time, however many are sent at once."""

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager


class NoTurn(Exception):
    """There was none within the time that one is waited for."""


class Turns:
    """Of each owner at most `at_once_bytes` are in hand, or one body that is larger; the others wait in their order."""

    def __init__(self, at_once_bytes: int) -> None:
        self._at_once_bytes = at_once_bytes
        self._in_hand: Counter[str] = Counter()
        self._waiting: dict[str, deque[object]] = {}
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, owner: str, size_bytes: int, *, within_s: float) -> Iterator[None]:
        """Wait for a turn, and have it until the end of the block. Raise NoTurn."""
        with self._changed:
            me, queue = object(), self._waiting.setdefault(owner, deque())
            queue.append(me)
            has_turn = self._changed.wait_for(lambda: queue[0] is me and self._fits(owner, size_bytes), within_s)
            queue.remove(me)
            if not queue:
                del self._waiting[owner]
            self._changed.notify_all()  # whoever stood behind
            if not has_turn:
                raise NoTurn
            self._in_hand[owner] += size_bytes
        try:
            yield
        finally:
            with self._changed:
                self._in_hand[owner] -= size_bytes
                if not self._in_hand[owner]:
                    del self._in_hand[owner]
                self._changed.notify_all()

    def waiting(self, owner: str) -> int:
        """How many of an owner's wait."""
        with self._changed:
            return len(self._waiting.get(owner, ()))

    def _fits(self, owner: str, size_bytes: int) -> bool:
        in_hand = self._in_hand[owner]
        return not in_hand or in_hand + size_bytes <= self._at_once_bytes
