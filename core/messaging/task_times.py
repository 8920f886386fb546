"""How long the tasks of a process take, and how they end, by their names."""

import time
from typing import Any

from celery import Task
from celery.signals import task_postrun, task_prerun
from prometheus_client import CollectorRegistry, Histogram

#: From a canary, 1 ms, to a shard of a batch on a busy machine.
BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class TaskTimes:
    """Follows the tasks of this process, by Celery's signals, which come in the task's own thread."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "likeness_task_seconds",
            "Time a task took, by its end: SUCCESS, FAILURE, RETRY",
            ("task", "state"),
            buckets=BOUNDS_S,
            registry=registry,
        )
        self._began: dict[str, float] = {}

    def follow(self) -> None:
        """From now on."""
        task_prerun.connect(self._begin, weak=False)
        task_postrun.connect(self._end, weak=False)

    def _begin(self, task_id: str, **_: Any) -> None:
        self._began[task_id] = time.monotonic()

    def _end(self, task_id: str, task: Task, state: str | None = None, **_: Any) -> None:
        if (began := self._began.pop(task_id, None)) is not None:
            self._seconds.labels(task.name, state or "UNKNOWN").observe(time.monotonic() - began)
