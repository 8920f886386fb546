"""A worker that goes as soon as what it had begun has ended."""

import logging
import time

from celery.apps.worker import Worker
from celery.worker import state

from core.messaging.broker import own_queue

STEP_S = 0.1

log = logging.getLogger(__name__)


class LeavingWorker(Worker):  # type: ignore[misc]
    """Celery's, but for the end of a busy one: Celery 5.7.0 sleeps the whole grace, 20 s after jobs of 60 ms."""

    def setup_queues(self, include: str, exclude: str | None = None) -> None:
        """Those it is told, and its own, where it has one."""
        super().setup_queues(include, exclude)
        if self.app.conf.worker_direct:
            self.app.amqp.queues.select_add(own_queue(self.hostname))

    def wait_for_soft_shutdown(self) -> None:
        """Wait for the running tasks, at most `worker_soft_shutdown_timeout` seconds; the rest is handed back."""
        grace_s = self.app.conf.worker_soft_shutdown_timeout
        until = time.monotonic() + grace_s
        if running := len(state.active_requests):
            log.warning("finishing %d tasks, for at most %s seconds", running, grace_s)
        while state.active_requests and time.monotonic() < until:
            time.sleep(STEP_S)
        if running:
            time.sleep(STEP_S)  # a task is off the list just before its message is acknowledged
