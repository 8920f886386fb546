"""A worker's sign of life, sent from a thread of its own."""

import os
import threading
import time
from collections.abc import Callable

import structlog

from core.errors import BrokerUnavailable
from core.messaging.presence import HEARTBEAT_S, Presence, WorkerFacts
from core.vocabulary import EngineFacts

log = structlog.get_logger()


class Heartbeat:
    """Announces this worker while it runs, and takes its name off the list when it stops."""

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
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin; called when the worker is warm and takes work."""
        self._thread.start()

    def stop(self) -> None:
        """End and be gone at once, not after the last heartbeat's time to live."""
        self._stopped.set()
        try:
            self._presence.leave(self._name)
        except BrokerUnavailable:
            log.info("heartbeat_left_to_expire")

    def _beat(self) -> None:
        while not self._stopped.is_set():
            try:
                self._presence.show(
                    WorkerFacts(
                        self._name, os.getpid(), self._started_at, self._queues, self._engines(), self._silent_s()
                    )
                )
            except BrokerUnavailable as why:
                log.warning("heartbeat_missed", why=str(why))
            self._stopped.wait(HEARTBEAT_S)
