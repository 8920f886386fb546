"""Deleting the images of jobs that this worker has ended, those of a moment in one call.

A call a job would cost the object store and Redis as much as reading the images does. A worker that is killed leaves
its share to the courier: what is due stands in the job store, written with the ending itself.
"""

import structlog

from core.comparisons.erasure import erase_now
from core.comparisons.store import JobStore
from core.every import Every
from core.storage.objects import Objects

log = structlog.get_logger()

EVERY_S = 1.0
#: S3 deletes up to a thousand objects in one call.
AT_ONCE = 1000


class Eraser:
    """Takes keys, and deletes what they name within a moment."""

    def __init__(self, jobs: JobStore, objects: Objects) -> None:
        self._jobs = jobs
        self._objects = objects
        self._due: list[str] = []
        self._every = Every(EVERY_S, self._erase, name="eraser", at_stop=True)

    def start(self) -> None:
        """Begin to delete."""
        self._every.start()

    def stop(self) -> None:
        """Delete what is due now, and nothing after that."""
        self._every.stop(within_s=5)

    def add(self, key: str) -> None:
        """This object is due."""
        self._due.append(key)

    def _erase(self) -> None:
        while self._due:
            keys = [self._due.pop() for _ in range(min(AT_ONCE, len(self._due)))]
            if not erase_now(self._jobs, self._objects, *keys):
                log.info("erasure_left_to_the_courier", count=len(keys))
