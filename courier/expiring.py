"""Jobs that were to be begun by now, or not at all: they are cancelled, whether or not a worker is there."""

from collections.abc import Callable

import structlog

from core.batches.batch import Batch
from core.batches.store import BatchStore
from core.comparisons.erasure import erase_now
from core.comparisons.jobs import Job
from core.comparisons.store import JobStore
from core.errors import RecordNotFound, RecordUnreadable, TransitionRefused
from core.messaging.broker import Enqueue
from core.settings import Settings
from core.storage.deadlines import Deadlines
from core.storage.objects import Objects
from core.webhooks.announcing import announce

log = structlog.get_logger()


class Expiring:
    """The late ones of one kind. `expire` cancels one by its id, `erase` is told the key of its images."""

    def __init__(
        self, deadlines: Deadlines, *, expire: Callable[[str], Job | Batch], erase: Callable[[str], object]
    ) -> None:
        self._deadlines = deadlines
        self._expire = expire
        self._erase = erase

    def run(self, enqueue: Enqueue) -> int:
        """Cancel them; returns how many. Raise RecordsUnavailable."""
        count = 0
        for record_id in self._deadlines.late():
            try:
                ended = self._expire(record_id)
            except (RecordNotFound, RecordUnreadable) as error:  # whoever starts it finds that out, and ends it
                log.info("expiry_skipped", record_id=record_id, why=str(error))
                self._deadlines.forget(record_id)
                continue
            except TransitionRefused:  # begun in this moment
                continue
            announce(enqueue, *ended.deliveries)
            self._erase(ended.request.images_key)
            log.info("expired", record_id=record_id)
            count += 1
        return count


def expiring_of(settings: Settings, objects: Objects) -> tuple[Expiring, ...]:
    """Of comparisons and of batches."""
    jobs, batches = JobStore.of(settings), BatchStore.of(settings)

    def erase(key: str) -> None:
        if settings.images.retention_s == 0:
            erase_now(jobs, objects, key)

    return (
        Expiring(Deadlines(settings.redis, "job"), expire=lambda i: jobs.expire(jobs.get(i)), erase=erase),
        Expiring(Deadlines(settings.redis, "batch"), expire=lambda i: batches.expire(batches.get(i)), erase=erase),
    )
