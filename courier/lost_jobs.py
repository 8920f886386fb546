"""Jobs that nobody will run: queued ones whose message is gone, running ones whose lease has run out.

A message is lost when a worker is killed between taking it off the queue and noting that it did, or a fetcher between
recording that a job's images are there and enqueuing it, or when the server loses its last writes.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from core.batches import BATCH, batches
from core.errors import BrokerUnavailable
from core.messaging.broker import BROKER_DATABASE, Queues
from core.settings import Settings
from core.settings.groups import CourierSettings, JobSettings, RedisSettings
from core.storage import scripts
from core.storage.connection import connect, translated
from core.storage.lifecycle import Status
from core.storage.records import Records

_JOB_ID = re.compile(r"cmp_[0-9a-f]{32}")
#: kombu keeps a queue's messages in a list per priority step, and those that workers have taken in one hash.
_PRIORITIES = ("", "\x06\x163", "\x06\x166", "\x06\x169")
_UNACKED = "unacked"


@dataclass(frozen=True, slots=True)
class JobSummary:
    """As much of a job as it takes to see whether it is lost."""

    job_id: str
    status: Status
    #: As it is stored: a job that has moved since has another.
    version: str
    #: When something last happened to it, seconds since the epoch, UTC.
    since: float
    #: Whether somebody holds its lease.
    held: bool
    #: Whether its images are still to be fetched.
    awaits_images: bool = False


class LostJobs:
    """Finds them. Every method raises RedisUnavailable when the server is away."""

    def __init__(self, server: RedisSettings, jobs: JobSettings, courier: CourierSettings) -> None:
        self._redis = connect(server)
        self._records = Records(self._redis, "job")
        self._broker = connect(server, BROKER_DATABASE)
        self._note = scripts.load(self._redis, "enqueued_again")
        self._lease_s = jobs.lease_s
        self._patience_s = courier.reaper_patience_s

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """With the groups that it needs."""
        return cls(settings.redis, settings.jobs, settings.courier)

    def find(self) -> list[JobSummary]:
        """Every job that is lost and was not enqueued again within the patience of the reaper."""
        return [*self.abandoned(), *self.without_message()]

    def note(self, job: JobSummary) -> bool:
        """Write down that it is enqueued again; False when it has moved since it was looked at."""
        with translated():
            return bool(self._note(keys=[self._records.key(job.job_id)], args=[job.version, time.time()]))

    def abandoned(self) -> list[JobSummary]:
        """Running, and nobody holds the lease. A server that has just come back gives the living time to renew."""
        with translated():
            uptime_s = self._redis.info("server")["uptime_in_seconds"]
        if uptime_s <= self._lease_s:
            return []
        return [job for job in self._summaries(Status.RUNNING) if not job.held]

    def without_message(self) -> list[JobSummary]:
        """Queued for a while, and in no message."""
        now = time.time()
        waiting = [job for job in self._summaries(Status.QUEUED) if now - job.since > self._patience_s]
        if not waiting:
            return []
        under_way = self._in_messages()
        return [job for job in waiting if job.job_id not in under_way]

    def _in_messages(self) -> set[str]:
        """Every job id in a message on the queue or in a worker's hands. The queue first: messages move that way."""
        ids: set[str] = set()
        for queue in (f"{lane}{priority}" for lane in (*Queues.LANES, Queues.IMAGES) for priority in _PRIORITIES):
            with translated(BrokerUnavailable):
                length = self._broker.llen(queue)
            for first in range(0, length, BATCH):
                with translated(BrokerUnavailable):
                    messages = self._broker.lrange(queue, first, first + BATCH - 1)
                ids.update(_JOB_ID.findall("\n".join(messages)))
        with translated(BrokerUnavailable):
            for _, message in self._broker.hscan_iter(_UNACKED, count=BATCH):
                ids.update(_JOB_ID.findall(message))
        return ids

    def _summaries(self, status: Status) -> Iterator[JobSummary]:
        """Jobs in this status that were not enqueued again lately."""
        ids = self._records.ids(status)
        forgotten_before = time.time() - self._patience_s
        for batch in batches(ids):
            with translated():
                pipeline: Any = self._redis.pipeline(transaction=False)
                for job_id in batch:
                    pipeline.hmget(
                        self._records.key(job_id),
                        *("status", "version", "created_at", "changed_at", "reenqueued_at", "awaits"),
                    ).exists(self._records.lease_key(job_id))
                answers = pipeline.execute()
            for job_id, fields, held in zip(batch, answers[::2], answers[1::2], strict=True):
                status_now, version, created_at, changed_at, reenqueued_at, awaits = fields
                if status_now == status and float(reenqueued_at or 0) < forgotten_before:
                    yield JobSummary(job_id, status, version, float(changed_at or created_at), bool(held), bool(awaits))
