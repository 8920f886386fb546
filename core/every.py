"""Work that is done again and again beside everything else, until it is told to stop."""

import threading
from collections.abc import Callable

import structlog

from core.errors import LikenessError

log = structlog.get_logger()


class Every:
    """Does `work` every `interval_s` seconds on a daemon thread. Whatever it raises is logged, and it goes on.

    `at_start`: at once for the first time, not an interval later. `at_stop`: once more when it is told to stop.
    """

    def __init__(
        self,
        interval_s: float,
        work: Callable[[], None],
        *,
        name: str,
        at_start: bool = False,
        at_stop: bool = False,
    ) -> None:
        self._interval_s = interval_s
        self._work = work
        self._at_start = at_start
        self._at_stop = at_stop
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin, once. Raise RuntimeError the second time."""
        self._thread.start()

    def stop(self, *, within_s: float = 2.0) -> None:
        """Wake the thread, and wait up to `within_s` seconds for its end. Harmless without a start, and again."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(within_s)

    def _run(self) -> None:
        if self._at_start:
            self._once()
        while not self._stopped.wait(self._interval_s):
            self._once()
        if self._at_stop:
            self._once()

    def _once(self) -> None:
        try:
            self._work()
        except LikenessError as error:
            log.warning("work_postponed", thread=self._thread.name, why=str(error))
        except BaseException as error:  # SystemExit too: it would end a thread without a word
            log.exception("work_broke", thread=self._thread.name, why=repr(error))
