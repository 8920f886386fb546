"""A worker that sends itself a message now and then: one that does not come back means that it is up but deaf.

A lost consumer does not show otherwise: the process lives, its heartbeat goes on, and jobs wait for ever.
"""

import os
import time
from collections.abc import Callable

import structlog
from celery import Celery

from core.errors import BrokerUnavailable
from core.every import Every
from core.exits import DEAF
from core.messaging.broker import Tasks, enqueue, own_queue

log = structlog.get_logger()


class Canary:
    """Asks the broker for a message to this worker's own queue. Deaf for twice the patience, the process exits."""

    def __init__(
        self, app: Celery, worker: str, *, every_s: float, patience_s: float, is_busy: Callable[[], bool]
    ) -> None:
        self._app = app
        self._queue = own_queue(worker)
        self._expires_s = 3 * every_s
        self._patience_s = patience_s
        self._is_busy = is_busy
        self._asked_at: float | None = None
        self._every = Every(every_s, self._ask, name="canary")

    def start(self) -> None:
        """Begin; called when the worker takes work."""
        self._every.start()

    def stop(self) -> None:
        """Ask no more: a worker that stops need not hear."""
        self._every.stop()

    def heard(self) -> None:
        """A message came through: this one, or a job's."""
        self._asked_at = None

    @property
    def silent_s(self) -> float:
        """For how long no message has come through although one was sent."""
        asked_at = self._asked_at
        return 0.0 if asked_at is None else time.monotonic() - asked_at

    def _ask(self) -> None:
        if self._is_busy():
            self.heard()
        if self.silent_s > 2 * self._patience_s:
            log.critical("worker_is_deaf", silent_s=round(self.silent_s, 1))
            os._exit(DEAF)  # an orderly end would wait for the consumer that does not answer
        try:
            enqueue(self._app, Tasks.CANARY, queue=self._queue, expires_s=self._expires_s)
        except BrokerUnavailable:
            self._asked_at = None  # nothing was sent, so nothing can come
        else:
            self._asked_at = self._asked_at or time.monotonic()
