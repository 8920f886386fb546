"""Who is at work in this process at a time: many, or one alone, so that what ends the process ends no other work."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: How often those who wait look for one that hangs: nobody tells them.
LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class AtWork:
    """One piece of work."""

    #: When it began, monotonic seconds.
    since: float
    is_alone: bool


class Quarantine:
    """Any number together, or one alone; whoever waits to be alone goes before those who come after.

    What has been at work for `patience_s` hangs, and is waited for no longer.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._at_work: set[AtWork] = set()
        #: How many wait to be alone.
        self.waiting = 0
        self._changed = threading.Condition()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Be at work beside others, as soon as nobody is alone or waits to be."""
        with self._changed:
            self._wait_while(lambda: self.waiting > 0 or any(work.is_alone for work in self._living()))
            work = self._begin(is_alone=False)
        try:
            yield
        finally:
            self._end(work)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only one at work, as soon as nobody else is."""
        with self._changed:
            self.waiting += 1
            try:
                self._wait_while(lambda: bool(self._living()))
            finally:
                self.waiting -= 1
            work = self._begin(is_alone=True)
        try:
            yield
        finally:
            self._end(work)

    def _wait_while(self, is_shut: Callable[[], bool]) -> None:
        while is_shut():
            self._changed.wait(LOOK_AGAIN_S)

    def _living(self) -> list[AtWork]:
        now = time.monotonic()
        return [work for work in self._at_work if now - work.since < self._patience_s]

    def _begin(self, *, is_alone: bool) -> AtWork:
        work = AtWork(time.monotonic(), is_alone)
        self._at_work.add(work)
        return work

    def _end(self, work: AtWork) -> None:
        with self._changed:
            self._at_work.remove(work)
            self._changed.notify_all()
