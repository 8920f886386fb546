"""A promise in seconds holds on a machine at rest; where many share a core, each second of work takes several."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: Longer than the turn that a scheduler gives to whoever has just slept; and a tenth of one core.
WORK_S, PAUSE_S = 0.02, 0.18


class Busyness:
    """How many times as long as alone a piece of work takes, beside other processes and threads of this one."""

    def __init__(self) -> None:
        self._took_s, self._worked_s = 0.0, 0.0

    def work(self) -> None:
        """A piece of it, for 20 ms of a core."""
        begun, worked = time.monotonic(), time.thread_time()
        while time.thread_time() - worked < WORK_S:
            pass
        self._took_s += time.monotonic() - begun
        self._worked_s += time.thread_time() - worked

    def stretched(self, seconds: float) -> float:
        """As long as that is here; on a machine at rest, so many seconds."""
        return seconds * max(1.0, self._took_s / self._worked_s)


@contextmanager
def measured() -> Iterator[Busyness]:
    """From now to the end of the block."""
    found, over = Busyness(), threading.Event()
    found.work()

    def look() -> None:
        while not over.wait(PAUSE_S):
            found.work()

    thread = threading.Thread(target=look, name="busyness")
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
