"""A process that takes tasks: how it writes its log, and what its tasks work with."""

import atexit
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from celery import Celery
from celery.signals import setup_logging, worker_init, worker_ready
from celery.worker import WorkController
from prometheus_client import CollectorRegistry

from core import allocator, traces
from core.errors import LikenessError
from core.instruments.exposition import process_registry, show
from core.logs import configure_logs
from core.messaging import alive
from core.messaging.leaving import LeavingWorker
from core.messaging.task_times import TaskTimes
from core.settings import Settings
from core.storage import fitness

log = structlog.get_logger()


class Services:
    """What the tasks of a process work with; made when its worker starts, never at import."""

    def start(self) -> None:
        """Begin what goes on beside the tasks; called when the worker takes work."""

    def stop(self) -> None:
        """End it; called when no task runs any more."""


def run(
    app: Celery, process: str, settings: Settings, make: Callable[[WorkController, CollectorRegistry], Services]
) -> None:
    """Let the app's tasks find their services on it, as `app.services`. What they count goes into the registry.

    A worker whose services cannot be made, or whose Redis cannot be used, refuses to start: one line in the log, one
    sentence, no traceback. A Redis that is away is looked at when it is there.
    """
    logs, redis_is_fit = settings.logs, False
    app.Worker = app.subclass_with_self(LeavingWorker, name="Worker")
    if logs.alive_file:
        alive.show(app, logs.alive_file)

    def write_log(**_: Any) -> None:
        configure_logs(process, json_lines=logs.as_json, level=logs.level)

    def begin(sender: WorkController, **_: Any) -> None:
        write_log()  # Celery calls it after this
        allocator.keep_buffers()
        with refusing(process):
            look_at_redis()
        registry = process_registry(process)
        TaskTimes(registry).follow()
        provide(app, process, lambda: make(sender, registry))
        with refusing(process):
            show(registry, settings.metrics)
            traces.begin(process, settings.traces.endpoint)

    def look_at_redis() -> None:
        nonlocal redis_is_fit
        redis_is_fit = redis_is_fit or fitness.check(settings.redis)

    def go(**_: Any) -> None:
        with refusing(process):
            look_at_redis()
        app.services.start()
        # Celery 5.7.0 sends no worker_shutdown after SIGQUIT, which is how ours are stopped. At exit, moreover, the
        # threads of the pool have ended: a job that outlasts the grace keeps its lease until it is over.
        atexit.register(app.services.stop)

    setup_logging.connect(write_log, weak=False)
    worker_init.connect(begin, weak=False)
    worker_ready.connect(go, weak=False)


def provide(app: Celery, process: str, make: Callable[[], Services]) -> None:
    """Give the app its services. Raise SystemExit, with a sentence, when they cannot be made."""
    with refusing(process):
        app.services = make()


@contextmanager
def refusing(process: str) -> Iterator[None]:
    """Let what stands in the way of a start be its end: a line in the log, and a sentence."""
    try:
        yield
    except LikenessError as error:
        log.critical(f"{process}_refuses_to_start", code=error.code, why=str(error))
        raise SystemExit(f"likeness {process}: {error}") from error


def queues_of(worker: WorkController) -> tuple[str, ...]:
    """The queues that a worker was told to take messages from."""
    return tuple(sorted(worker.app.amqp.queues.consume_from))
