"""Places for requests that wait for a job: they never take every thread, and no owner takes them all."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class NoPlaceToWait(Exception):
    """So many requests wait already; `whose` says of whom: `this key` or `all callers`."""

    def __init__(self, waiting: int, whose: str) -> None:
        super().__init__(f"{waiting} requests of {whose} wait for their jobs already")


class Waiters:
    """Of an API process's threads, three quarters may wait: a quarter for one owner. Without keys, all are one."""

    def __init__(self, threads: int) -> None:
        self._in_all = max(1, threads * 3 // 4)
        self._of_owner = max(1, threads // 4)
        self._waiting: Counter[str | None] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def place(self, owner: str | None) -> Iterator[None]:
        """A place until the end of the block. Raise NoPlaceToWait at once when there is none."""
        with self._lock:
            if (waiting := self._waiting.total()) >= self._in_all:
                raise NoPlaceToWait(waiting, "all callers")
            if owner is not None and (waiting := self._waiting[owner]) >= self._of_owner:
                raise NoPlaceToWait(waiting, "this key")
            self._waiting[owner] += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting[owner] -= 1
                if not self._waiting[owner]:
                    del self._waiting[owner]
