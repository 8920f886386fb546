"""Comparison jobs by id, and the list of images that are due for erasure."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from pydantic import TypeAdapter

from core.comparisons.events import event_type_of, outgoing_events
from core.comparisons.jobs import ComparisonRequest, Job
from core.comparisons.sealing import SealKey
from core.comparisons.waiting import Waiting
from core.errors import TransitionRefused
from core.settings import Settings
from core.settings.groups import ImageSettings, JobSettings, RedisSettings
from core.storage.connection import connect, translated
from core.storage.deadlines import expired
from core.storage.idempotency import Claim
from core.storage.lifecycle import LIFECYCLE, Failure, Lease, Status, Step
from core.storage.messages import Message
from core.storage.reading import read, readable
from core.storage.records import ERASURES, Fields, Records, number
from core.vocabulary import Result
from core.webhooks.endpoints import EndpointStore

_REQUEST = TypeAdapter(ComparisonRequest)
_RESULT = TypeAdapter(Result)
_FAILURE = TypeAdapter(Failure)


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, newest first; `next_id` is where the following page begins after."""

    jobs: tuple[Job, ...]
    next_id: str | None


class JobStore:
    """Jobs by id. Connects when first used; every method raises RecordsUnavailable when the server is away."""

    def __init__(self, server: RedisSettings, jobs: JobSettings, images: ImageSettings) -> None:
        self._redis = connect(server)
        self._endpoints = EndpointStore(server)
        self._records = Records(self._redis, "job")
        self._job_retention_s = jobs.retention_s
        self._image_retention_s = images.retention_s
        self._lease_s = jobs.lease_s

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """With the groups that it needs."""
        return cls(settings.redis, settings.jobs, settings.images)

    def ping(self) -> None:
        """Raise RecordsUnavailable unless the server answers."""
        with translated():
            self._redis.ping()

    def memory_used(self) -> float | None:
        """How much of what the server may use is used, 0 to 1; None where it has no limit. At 1 it refuses writes."""
        with translated():
            memory = self._redis.info("memory")
        return memory["used_memory"] / memory["maxmemory"] if memory.get("maxmemory") else None

    def create(self, job: Job, *, claim: Claim | None = None, message: Message | None = None) -> None:
        """Record a queued job, on the claim it is made for as well, and enqueue the message that has it run.

        Raise IdempotencyInFlight for a claim that is lost, UploadUsed for an upload that another has taken.
        """
        self._records.create(
            job.id,
            {
                "created_at": job.created_at,
                "recorded_at": time.time(),
                "images_key": job.request.images_key,
                "request": _REQUEST.dump_json(job.request),
                **({"event_id": job.event_id} if job.event_id else {}),
                **({"awaits": "images"} if job.request.urls else {}),
                **({"seal_key": job.seal_key.text} if job.seal_key else {}),
                **({"expires_at": job.request.expires_at} if job.request.expires_at else {}),
            },
            owner=job.owner,
            claim=claim,
            message=message,
            uploads=[*job.request.uploads.values()],
        )

    def get(self, job_id: str) -> Job:
        """Raise RecordNotFound for an id that is unknown, erased or past its retention, or RecordUnreadable."""
        return _job(job_id, self._records.get(job_id))

    def owner_of(self, job_id: str) -> str | None:
        """Also of a job that cannot be read. Raise RecordNotFound."""
        return self._records.get(job_id).get("owner")

    def start(self, job_id: str, holder: str, *, only_first: bool = False) -> Job:
        """Queued, or begun by a worker that is gone, to running; counts the attempt, once a holder.

        `holder` names the attempt: a worker and something that no other attempt has. Raise JobHeld; where `only_first`,
        JobBegunBefore for one that was begun before.
        """
        fields, lease = {"started_at": time.time()}, self._lease(holder)
        return _job(
            job_id, self._records.step(Step.START, job_id, fields, attempts=1, lease=lease, only_first=only_first)
        )

    def renew(self, job_id: str, holder: str) -> bool:
        """Keep the job's lease; False when the job has ended or another holds it."""
        return self._records.renew(job_id, self._lease(holder))

    def requeue(self, job_id: str, holder: str, *, fetches: int | None = None) -> Job:
        """Running back to queued: our own infrastructure failed, and the attempt does not count. Raise JobHeld.

        `fetches`: or somebody else's did, when its images were asked for, for so many times now.
        """
        fields = {} if fetches is None else {"fetches": fetches}
        return _job(job_id, self._records.step(Step.REQUEUE, job_id, fields, attempts=-1, lease=self._lease(holder)))

    def fetched(self, job_id: str, holder: str, request: ComparisonRequest) -> Job:
        """Running back to queued, with the images that it waited for under the request's key. Raise JobHeld."""
        fields = {"request": _REQUEST.dump_json(request), "images_key": request.images_key, "awaits": ""}
        return _job(job_id, self._records.step(Step.REQUEUE, job_id, fields, attempts=-1, lease=self._lease(holder)))

    def sealed(self, job_id: str, holder: str, request: ComparisonRequest) -> Job:
        """Running on, with what was uploaded under the request's key, sealed; the uploads are due. Raise JobHeld."""
        fields = {"request": _REQUEST.dump_json(request), "images_key": request.images_key, "uploads": ""}
        return _job(job_id, self._records.step(Step.START, job_id, fields, lease=self._lease(holder)))

    def succeed(self, job: Job, result: Result) -> Job:
        """Running to succeeded, with the result."""
        return self._end(Step.SUCCEED, job, result=result, is_known=True)

    def fail(self, job: Job, failure: Failure) -> Job:
        """To failed: we could not do our work."""
        return self._end(Step.FAIL, job, failure=failure, is_known=True)

    def abandon(self, job_id: str, failure: Failure) -> None:
        """To failed, by id: a record that cannot be read does not say whom to call back."""
        self._records.step(
            Step.FAIL,
            job_id,
            {"failure": _FAILURE.dump_json(failure)},
            retention_s=self._job_retention_s,
            images_due_at=time.time() + self._image_retention_s,
            lease=self._lease(""),
        )

    def cancel(self, job_id: str) -> Job:
        """To cancelled; cancelling twice is the same as once."""
        try:
            return self._end(Step.CANCEL, self.get(job_id))
        except TransitionRefused:
            if (job := self.get(job_id)).status is Status.CANCELLED:
                return job
            raise

    def expire(self, job: Job, *, begun: bool = False) -> Job:
        """To cancelled: its time is over. Raise TransitionRefused for one that is begun, unless by who ends it so."""
        failure = expired("comparison", job.created_at, job.request.expires_at)
        return self._end(Step.CANCEL if begun else Step.EXPIRE, job, failure=failure, is_known=begun)

    def erase(self, job_id: str) -> None:
        """Forget the job in whatever state; its images become due for erasure. Raise RecordNotFound."""
        self._records.erase(job_id)

    def kept_seal_key(self, job: Job) -> SealKey | None:
        """What opens the images of a job that has ended, where they stay for a time; None once they are due."""
        with translated():
            key = self._redis.get(f"seal:{job.request.images_key}")
        return SealKey.parse(key) if key else None

    def withdraw(self, job_id: str, claim: Claim | None = None) -> bool:
        """Nothing was accepted: forget the job, also one whose creation is still under way to a server that stalls.

        False, and it stays, when somebody was told of it who asked with the same idempotency key.
        """
        return self._records.withdraw(job_id, claim)

    def page(
        self, *, limit: int, after: str | None = None, status: Status | None = None, owner: str | None = None
    ) -> JobPage:
        """Up to `limit` jobs older than the job `after`, newest first; of one owner, or of all."""
        page = self._records.page(limit=limit, after=after, status=status, owner=owner)
        return JobPage(tuple(readable("job", page.records, parsed)), page.next_id)

    def waiting(self, owner: str | None = None) -> Waiting:
        """How many jobs are queued, in one round trip."""
        if owner is None:
            return Waiting(self._records.count((Status.QUEUED, None))[0], None, None)
        asked = ((Status.QUEUED, None), (Status.QUEUED, owner), (Status.RUNNING, owner))
        in_all, of_owner, running = self._records.count(*asked)
        return Waiting(in_all, of_owner, of_owner + running)

    def wait(self, job_id: str, timeout_s: float) -> Job:
        """The job once it is terminal, or as it stands after `timeout_s` seconds."""
        return _job(job_id, self._records.wait(job_id, timeout_s))

    def forget_expired(self) -> int:
        """Drop index entries whose record has passed its retention; returns how many."""
        return self._records.forget_expired()

    def count_expired(self) -> int:
        """How many index entries `forget_expired` would drop."""
        return self._records.forget_expired(dry=True)

    def count_due_erasures(self) -> int:
        """How many objects' time has come."""
        with translated():
            return int(self._redis.zcount(ERASURES, "-inf", time.time()))

    def due_erasures(self, limit: int = 100) -> Sequence[str]:
        """Object keys whose time has come."""
        with translated():
            keys: list[str] = self._redis.zrangebyscore(ERASURES, "-inf", time.time(), start=0, num=limit)
        return keys

    def erase_images(self, key: str, *, after_s: float) -> None:
        """Have an object erased that no job names, in so many seconds."""
        with translated():
            self._redis.zadd(ERASURES, {key: time.time() + after_s})

    def erased(self, *keys: str) -> None:
        """Strike objects that are gone off the list."""
        with translated():
            self._redis.zrem(ERASURES, *keys)

    def _end(
        self,
        step: Step,
        job: Job,
        *,
        result: Result | None = None,
        failure: Failure | None = None,
        is_known: bool = False,
    ) -> Job:
        """`is_known`: whoever ends the job is at work on it, and need not be told what the record says beside that."""
        now = time.time()
        # What the event says of the job beside its ending never changes, so it may have been read before.
        ending = replace(job, status=LIFECYCLE[step][1], result=result, failure=failure)
        outgoing = outgoing_events(ending, now, self._endpoints.wanting(job.owner, event_type_of(ending)))
        fields = {
            **({"deliveries": ",".join(event.id for event in outgoing)} if outgoing else {}),
            **({"result": _RESULT.dump_json(result)} if result else {}),
            **({"failure": _FAILURE.dump_json(failure)} if failure else {}),
            # Forgotten with the ending itself. Where images stay for a time, the script keeps it for as long.
            **({} if self._image_retention_s else {"seal_key": ""}),
        }
        after = self._records.step(
            step,
            job.id,
            fields,
            retention_s=self._job_retention_s,
            images_due_at=now + self._image_retention_s,
            outgoing=outgoing,
            lease=self._lease(""),
            brief=is_known,
        )
        if not is_known:
            return _job(job.id, after)
        return replace(
            ending,
            version=int(after["version"]),
            ended_at=float(after["ended_at"]),
            deliveries=tuple(event.id for event in outgoing),
            seal_key=None,
        )

    def _lease(self, holder: str) -> Lease:
        return Lease(holder, self._lease_s)


def _job(job_id: str, fields: Fields) -> Job:
    """Raise RecordUnreadable for fields of another form."""
    return read("job", job_id, fields, parsed)


def parsed(job_id: str, fields: Fields) -> Job:
    """A job out of its fields. Raise ValueError or KeyError for fields of another form."""
    return Job(
        id=job_id,
        status=Status(fields["status"]),
        version=int(fields["version"]),
        created_at=float(fields["created_at"]),
        request=_REQUEST.validate_json(fields["request"]),
        owner=fields.get("owner"),
        recorded_at=number(fields, "recorded_at"),
        attempts=int(fields.get("attempts", 0)),
        fetches=int(fields.get("fetches", 0)),
        holder=fields.get("worker"),
        started_at=number(fields, "started_at"),
        ended_at=number(fields, "ended_at"),
        result=_RESULT.validate_json(fields["result"]) if "result" in fields else None,
        failure=_FAILURE.validate_json(fields["failure"]) if "failure" in fields else None,
        event_id=fields.get("event_id"),
        # Of a job that ended before there were endpoints, the one event.
        deliveries=tuple(filter(None, (fields.get("deliveries") or fields.get("event_id", "")).split(","))),
        seal_key=SealKey.parse(key) if (key := fields.get("seal_key")) else None,
    )
