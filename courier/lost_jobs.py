"""Jobs that nobody will run: queued ones whose message is gone, running ones whose lease has run out.

A message is lost when a worker is killed between taking it off the queue and noting that it did, or a fetcher between
recording that a job's images are there and enqueuing it, or when the server loses its last writes. With RabbitMQ also
when an API process is killed between recording a job and publishing it; there messages can be counted, and not read.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from core.errors import BrokerUnavailable
from core.messaging.broker import BROKER_DATABASE, Queues, Tasks
from core.messaging.counting import counting
from core.messaging.place import PRIORITIES, list_of
from core.portions import PORTION, portions
from core.settings import Settings
from core.settings.groups import CourierSettings, JobSettings, RedisSettings
from core.storage import scripts
from core.storage.connection import connect, translated
from core.storage.lifecycle import Status
from core.storage.records import Records

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


@dataclass(frozen=True, slots=True)
class Work:
    """What is looked for: records of a kind, the queues their messages wait in, the task, and how ids look there."""

    kind: str
    queues: tuple[str, ...]
    task: str
    id: re.Pattern[str]


COMPARISONS = Work("job", (*Queues.LANES, Queues.IMAGES), Tasks.COMPARE, re.compile(r"cmp_[0-9a-f]{32}"))
SHARDS = Work("shard", Queues.BATCH_LANES, Tasks.COMPARE_SHARD, re.compile(r"bat_[0-9a-f]{32}\.[0-9]{5}"))


class LostJobs:
    """Finds them. Every method raises RedisUnavailable when a server is away.

    `count`: how many messages wait in queues, where that is all that the broker says of them.
    """

    def __init__(
        self,
        server: RedisSettings,
        jobs: JobSettings,
        courier: CourierSettings,
        work: Work = COMPARISONS,
        *,
        count: Callable[..., int] | None = None,
    ) -> None:
        self._redis = connect(server)
        self._work = work
        self._records = Records(self._redis, work.kind)
        self._broker = connect(server, BROKER_DATABASE)
        self._note = scripts.load(self._redis, "enqueued_again")
        self._lease_s = jobs.lease_s
        self._patience_s = courier.reaper_patience_s
        self._count = count

    @classmethod
    def of(cls, settings: Settings, work: Work = COMPARISONS) -> Self:
        """With the groups that it needs."""
        count = counting(settings).waiting if settings.broker.url else None
        return cls(settings.redis, settings.jobs, settings.courier, work, count=count)

    @property
    def kind(self) -> str:
        """Of what is looked for: `job`, `shard`."""
        return self._work.kind

    def task(self, job: JobSummary) -> str:
        """What brings it back."""
        return Tasks.FETCH_IMAGES if job.awaits_images else self._work.task

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
        if self._count:
            return self._first_without(waiting, self._count(*self._work.queues))
        under_way = self._in_messages()
        return [job for job in waiting if job.job_id not in under_way]

    def _first_without(self, waiting: Sequence[JobSummary], messages: int) -> list[JobSummary]:
        """The oldest, as many as there are fewer messages than queued jobs: so enqueuing adds no more than are missing.

        A queue is served in its order, so those whose message is lost come to be the oldest. Some have theirs all the
        same, in a worker's hands or far in front: a second one is harmless.
        """
        [queued] = self._records.count((Status.QUEUED, None))
        return sorted(waiting, key=lambda job: job.since)[: max(0, queued - messages)]

    def _in_messages(self) -> set[str]:
        """Every job id in a message on the queue or in a worker's hands. The queue first: messages move that way."""
        ids: set[str] = set()
        for queue in (list_of(lane, priority) for lane in self._work.queues for priority in PRIORITIES):
            with translated(BrokerUnavailable):
                length = self._broker.llen(queue)
            for first in range(0, length, PORTION):
                with translated(BrokerUnavailable):
                    messages = self._broker.lrange(queue, first, first + PORTION - 1)
                ids.update(self._work.id.findall("\n".join(messages)))
        with translated(BrokerUnavailable):
            for _, message in self._broker.hscan_iter(_UNACKED, count=PORTION):
                ids.update(self._work.id.findall(message))
        return ids

    def _summaries(self, status: Status) -> Iterator[JobSummary]:
        """Jobs in this status that were not enqueued again lately."""
        ids = self._records.ids(status)
        forgotten_before = time.time() - self._patience_s
        for portion in portions(ids):
            with translated():
                pipeline: Any = self._redis.pipeline(transaction=False)
                for job_id in portion:
                    pipeline.hmget(
                        self._records.key(job_id),
                        *("status", "version", "created_at", "changed_at", "reenqueued_at", "awaits"),
                    ).exists(self._records.lease_key(job_id))
                answers = pipeline.execute()
            for job_id, fields, held in zip(portion, answers[::2], answers[1::2], strict=True):
                status_now, version, created_at, changed_at, reenqueued_at, awaits = fields
                if status_now == status and float(reenqueued_at or 0) < forgotten_before:
                    yield JobSummary(job_id, status, version, float(changed_at or created_at), bool(held), bool(awaits))
