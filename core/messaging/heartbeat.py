"""A worker's sign of life, sent from a thread of its own."""

import os
import time
from collections.abc import Callable
from importlib.metadata import version

import structlog

from core.errors import RecordsUnavailable
from core.every import Every
from core.messaging.presence import HEARTBEAT_S, Presence, WorkerFacts
from core.vocabulary import EngineFacts

log = structlog.get_logger()

VERSION = version("likeness")


class Heartbeat:
    """Shows that this worker is there while it runs, and takes its name off the list when it stops."""

    def __init__(
        self,
        presence: Presence,
        *,
        name: str,
        queues: tuple[str, ...],
        engines: Callable[[], tuple[EngineFacts, ...]],
        silent_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._presence = presence
        self._engines = engines
        self._silent_s = silent_s
        self._name = name
        self._queues = queues
        self._started_at = time.time()
        self._every = Every(HEARTBEAT_S, self._beat, name="heartbeat", at_start=True)

    def start(self) -> None:
        """Begin; called when the worker is warm and takes work."""
        self._every.start()

    def stop(self) -> None:
        """End and be gone at once, not after the last heartbeat's time to live."""
        self._every.stop()
        try:
            self._presence.leave(self._name)
        except RecordsUnavailable:
            log.info("heartbeat_left_to_expire")

    def _beat(self) -> None:
        self._presence.show(
            WorkerFacts(
                self._name,
                os.getpid(),
                self._started_at,
                self._queues,
                self._engines(),
                self._silent_s(),
                VERSION,
            )
        )
