"""Brings lost jobs back by enqueuing them again. One message too many does no harm: a job is started once at a time."""

from contextlib import suppress

import structlog

from core.batches.store import BatchStore
from core.errors import RecordNotFound, RedisUnavailable, TransitionRefused
from core.messaging.broker import Enqueue
from core.webhooks.announcing import announce
from courier.lost_jobs import LostJobs

log = structlog.get_logger()


def reap(lost: LostJobs, enqueue: Enqueue) -> int:
    """Enqueue every lost job again, at most once per patience; returns how many.

    Raise RedisUnavailable when one of the two ways of looking failed; what the other found is enqueued all the same.
    """
    count = 0
    errors: list[RedisUnavailable] = []
    for look in (lost.abandoned, lost.without_message):
        try:
            for job in look():
                # Noted first: killed in between, it is found again after the patience, not every time.
                if lost.note(job):
                    enqueue(lost.task(job), job.job_id)
                    log.warning("job_enqueued_again", job_id=job.job_id, status=job.status)
                    count += 1
        except RedisUnavailable as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return count


def settle(batches: BatchStore, enqueue: Enqueue) -> int:
    """End batches whose shards are all done, where the worker that did the last one died before it said so."""
    count = 0
    for batch in batches.unsettled():
        with suppress(TransitionRefused, RecordNotFound):
            announce(enqueue, *batches.succeed(batch).deliveries)
            log.warning("batch_settled", batch_id=batch.id)
            count += 1
    return count
