"""Batches by id, and the rows that their pairs have so far."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from pydantic import TypeAdapter

from core.batches.batch import Batch, BatchRequest, Counts
from core.batches.events import event_type_of, outgoing_events
from core.batches.rows import PhotographFacts, Row
from core.batches.shard import ShardRequest, shard_id
from core.comparisons.sealing import SealKey
from core.errors import TransitionRefused
from core.portions import portions
from core.settings import Settings
from core.settings.groups import ImageSettings, JobSettings, RedisSettings
from core.storage.connection import connect, translated
from core.storage.deadlines import expired
from core.storage.idempotency import Claim
from core.storage.lifecycle import LIFECYCLE, Failure, Status, Step
from core.storage.reading import read, readable
from core.storage.records import Fields, Records, number
from core.webhooks.endpoints import EndpointStore

_REQUEST = TypeAdapter(BatchRequest)
_SHARD = TypeAdapter(ShardRequest)
_FAILURE = TypeAdapter(Failure)
_ROW = TypeAdapter(Row)
_FACTS = TypeAdapter(PhotographFacts)


@dataclass(frozen=True, slots=True)
class BatchPage:
    """Some batches, newest first; `next_id` is where the following page begins after."""

    batches: tuple[Batch, ...]
    next_id: str | None


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows in the order of their pairs, and what is known of their photographs, by number."""

    rows: tuple[Row, ...]
    facts: Mapping[int, PhotographFacts]
    #: The following ones begin after this pair; None at the end.
    next_pair: int | None


class BatchStore:
    """Batches by id. Connects when first used; every method raises RecordsUnavailable when the server is away."""

    def __init__(self, server: RedisSettings, jobs: JobSettings, images: ImageSettings) -> None:
        self._redis = connect(server)
        self._endpoints = EndpointStore(server)
        self._records = Records(self._redis, "batch")
        self._retention_s = jobs.retention_s
        self._image_retention_s = images.retention_s

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """With the groups that it needs."""
        return cls(settings.redis, settings.jobs, settings.images)

    def create(self, batch: Batch, shards: Sequence[ShardRequest], *, claim: Claim | None = None) -> None:
        """Record a queued batch and its shards, and on the claim it is made for, in one step.

        Raise IdempotencyInFlight for a claim that is lost, UploadUsed for an upload that another has taken.
        """
        made_of = {shard_id(batch.id, n): _SHARD.dump_json(shard).decode() for n, shard in enumerate(shards)}
        self._records.create(
            batch.id,
            {
                "created_at": batch.created_at,
                "images_key": batch.request.images_key,
                "request": _REQUEST.dump_json(batch.request),
                "shards": len(shards),
                "shards_left": len(shards),
                **({"event_id": batch.event_id} if batch.event_id else {}),
                **({"seal_key": batch.seal_key.text} if batch.seal_key else {}),
                **({"expires_at": batch.request.expires_at} if batch.request.expires_at else {}),
            },
            owner=batch.owner,
            claim=claim,
            shards=made_of,
            uploads=[*dict.fromkeys(p.upload for shard in shards for p in shard.photographs if p.upload)],
        )

    def get(self, batch_id: str) -> Batch:
        """Raise RecordNotFound for an id that is unknown, erased or past its retention."""
        return _batch(batch_id, self._records.get(batch_id))

    def status(self, batch_id: str) -> Status | None:
        """Where it is now; None for one that is erased."""
        with translated():
            status = self._redis.hget(self._records.key(batch_id), "status")
        return Status(status) if status else None

    def start(self, batch_id: str) -> Batch:
        """Queued to running: a worker has begun its first shard."""
        return _batch(batch_id, self._records.step(Step.START, batch_id, {"started_at": time.time()}))

    def succeed(self, batch: Batch) -> Batch:
        """Running to succeeded: every pair has its row."""
        return self._end(Step.SUCCEED, batch)

    def fail(self, batch: Batch, failure: Failure) -> Batch:
        """To failed: we could not do our work. What is done stays."""
        return self._end(Step.FAIL, batch, failure=failure)

    def abandon(self, batch_id: str, failure: Failure) -> None:
        """To failed, by id: a record that cannot be read does not say whom to call back."""
        self._records.step(
            Step.FAIL,
            batch_id,
            {"failure": _FAILURE.dump_json(failure)},
            retention_s=self._retention_s,
            images_due_at=time.time() + self._image_retention_s,
        )

    def cancel(self, batch_id: str) -> Batch:
        """To cancelled, and what is done stays; cancelling twice is the same as once."""
        try:
            return self._end(Step.CANCEL, self.get(batch_id))
        except TransitionRefused:
            if (batch := self.get(batch_id)).status is Status.CANCELLED:
                return batch
            raise

    def expire(self, batch: Batch) -> Batch:
        """Queued to cancelled: its time is over. Raise TransitionRefused for one that somebody has begun."""
        return self._end(Step.EXPIRE, batch, failure=expired("batch", batch.created_at, batch.request.expires_at))

    def erase(self, batch_id: str) -> None:
        """Forget the batch in whatever state, rows and shards with it; its photographs become due for erasure.

        Raise RecordNotFound.
        """
        self._records.erase(batch_id)

    def withdraw(self, batch_id: str, claim: Claim | None = None) -> bool:
        """As `JobStore.withdraw`."""
        return self._records.withdraw(batch_id, claim)

    def page(
        self, *, limit: int, after: str | None = None, status: Status | None = None, owner: str | None = None
    ) -> BatchPage:
        """Up to `limit` batches older than the batch `after`, newest first; of one owner, or of all."""
        page = self._records.page(limit=limit, after=after, status=status, owner=owner)
        return BatchPage(tuple(readable("batch", page.records, parsed)), page.next_id)

    def rows(self, batch: Batch, *, after: int = -1, limit: int) -> Rows:
        """Up to `limit` rows of pairs after the one so numbered; pairs without a row are passed over."""
        key, last = self._records.key(batch.id), batch.request.pairs - 1
        rows: list[Row] = []
        while after < last and len(rows) < limit:
            asked = range(after + 1, min(last, after + limit - len(rows)) + 1)
            with translated():
                found = self._redis.hmget(f"{key}:rows", [*asked])
            rows += [_ROW.validate_json(row) for row in found if row]
            after = asked[-1]
        facts: dict[int, PhotographFacts] = {}
        for numbers in portions(sorted({photograph for row in rows for photograph in row.photographs})):
            with translated():
                found = self._redis.hmget(f"{key}:photographs", [*numbers])
            facts |= {n: _FACTS.validate_json(text) for n, text in zip(numbers, found, strict=True) if text}
        return Rows(tuple(rows), facts, after if after < last else None)

    def open(self, owner: str | None = None) -> Mapping[str | None, int]:
        """How many batches wait or run, by owner; None stands for all of them."""
        owners = [*{None, owner}]
        open_ = (Status.QUEUED, Status.RUNNING)
        counts = self._records.count(*((status, who) for status in open_ for who in owners))
        return {who: sum(counts[place :: len(owners)]) for place, who in enumerate(owners)}

    def unsettled(self) -> list[Batch]:
        """Running batches whose shards are all done: who did the last one died before it could say so."""
        found = []
        for batch_id in self._records.ids(Status.RUNNING):
            with translated():
                left = self._redis.hget(self._records.key(batch_id), "shards_left")
            if left == "0":
                found.append(self.get(batch_id))
        return found

    def wait(self, batch_id: str, timeout_s: float) -> Batch:
        """The batch once it is terminal, or as it stands after `timeout_s` seconds."""
        return _batch(batch_id, self._records.wait(batch_id, timeout_s))

    def forget_expired(self) -> int:
        """Drop index entries whose record has passed its retention; returns how many."""
        return self._records.forget_expired()

    def count_expired(self) -> int:
        """How many index entries `forget_expired` would drop."""
        return self._records.forget_expired(dry=True)

    def _end(self, step: Step, batch: Batch, *, failure: Failure | None = None) -> Batch:
        now = time.time()
        ending = replace(batch, status=LIFECYCLE[step][1], failure=failure)
        # What the event says beside the ending is the counts, which change until then: they are read again.
        ending = replace(ending, counts=self.get(batch.id).counts)
        outgoing = outgoing_events(ending, now, self._endpoints.wanting(batch.owner, event_type_of(ending)))
        fields: dict[str, Any] = {
            **({"deliveries": ",".join(event.id for event in outgoing)} if outgoing else {}),
            **({"failure": _FAILURE.dump_json(failure)} if failure else {}),
            # Forgotten with the ending itself. Where images stay for a time, the script keeps it for as long.
            **({} if self._image_retention_s else {"seal_key": ""}),
        }
        after = self._records.step(
            step,
            batch.id,
            fields,
            retention_s=self._retention_s,
            images_due_at=now + self._image_retention_s,
            outgoing=outgoing,
        )
        return _batch(batch.id, after)


def dump_rows(rows: Sequence[Row]) -> dict[str, str]:
    """As the hash of a batch's rows has them."""
    return {str(row.pair): _ROW.dump_json(row).decode() for row in rows}


def dump_facts(facts: Mapping[int, PhotographFacts]) -> dict[str, str]:
    """As the hash of a batch's photographs has them."""
    return {str(number): _FACTS.dump_json(of_one).decode() for number, of_one in facts.items()}


def _batch(batch_id: str, fields: Fields) -> Batch:
    """Raise RecordUnreadable for fields of another form."""
    return read("batch", batch_id, fields, parsed)


def parsed(batch_id: str, fields: Fields) -> Batch:
    """A batch out of its fields. Raise ValueError or KeyError for fields of another form."""
    return Batch(
        id=batch_id,
        status=Status(fields["status"]),
        version=int(fields["version"]),
        created_at=float(fields["created_at"]),
        request=_REQUEST.validate_json(fields["request"]),
        counts=Counts(**{name: int(fields.get(name, 0)) for name in asdict(Counts())}),
        shards_left=int(fields["shards_left"]),
        owner=fields.get("owner"),
        started_at=number(fields, "started_at"),
        ended_at=number(fields, "ended_at"),
        failure=_FAILURE.validate_json(fields["failure"]) if "failure" in fields else None,
        event_id=fields.get("event_id"),
        deliveries=tuple(filter(None, fields.get("deliveries", "").split(","))),
        seal_key=SealKey.parse(key) if (key := fields.get("seal_key")) else None,
    )
