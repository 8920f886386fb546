"""Records with a life, on a Redis-protocol server: every step is one atomic script."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.errors import JobBegunBefore, JobHeld, RecordNotFound, TransitionRefused, UploadUsed
from core.portions import PORTION, portions
from core.storage import scripts
from core.storage.connection import DATABASE, translated
from core.storage.endings import Endings
from core.storage.idempotency import CLAIM_LASTS_S, Claim, IdempotencyInFlight
from core.storage.lifecycle import EXCLUSIVE, LIFECYCLE, Lease, Status, Step
from core.storage.messages import DATABASE as QUEUES_DATABASE
from core.storage.messages import Message

ERASURES = "erasures"
DELIVERIES_DUE = "deliveries-due"
#: The kind of the records that go out: what a record has to tell is forgotten with it.
DELIVERY = "delivery"

#: A creation that went unanswered lies in a stalled server at most this long: its sender's connection is closed.
WITHDRAWN_S = 3600

#: Who waits for an ending looks even without news: they are lost when the server restarts.
LOOK_AGAIN_S = 5.0

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some records."""

    #: As (id, fields), newest first.
    records: tuple[tuple[str, Fields], ...]
    #: The following page begins after it; None at the end.
    next_id: str | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record of another kind that comes to be in the same step as an ending: the outbox.

    It gets the owner of the record that ends.
    """

    #: Its records are called so: `delivery`.
    kind: str
    id: str
    status: StrEnum
    #: The sorted set by which it is found when it is due.
    due_index: str
    #: Seconds since the epoch, UTC; whoever works off the index looks at it from then on.
    due_at: float
    fields: Mapping[str, Any]

    @property
    def document(self) -> dict[str, Any]:
        """As `put_out` in `_indexes.lua` reads it."""
        named = {name: getattr(self, name) for name in ("kind", "id", "status", "due_index", "due_at")}
        return {**named, "fields": [*map(str, _flat({"status": self.status, **self.fields}))]}


class Records:
    """Records of one kind by id; every method raises RecordsUnavailable when the server is away."""

    def __init__(self, client: Any, kind: str) -> None:
        self._redis = client
        self._kind = kind
        self._endings = Endings(client, self._channel("*"))
        self._create, self._transition, self._renew, self._erase = (
            scripts.load(client, name) for name in ("create", "transition", "renew", "erase")
        )

    def create(
        self,
        record_id: str,
        fields: Mapping[str, Any],
        *,
        owner: str | None = None,
        claim: Claim | None = None,
        message: Message | None = None,
        shards: Mapping[str, str] | None = None,
        uploads: Sequence[str] = (),
    ) -> None:
        """Record something queued, and enqueue `message`; its owner, if it has one, finds it in lists of its own.

        Created a second time, a record stays what it has become. One that is made for a claim is written on it in the
        same step; raise IdempotencyInFlight, and nothing is recorded, when the claim has passed to another. So are
        the `shards` of a batch: by id, what is to be done. It takes the `uploads`, by their ids; raise UploadUsed, and
        nothing is recorded, when one of them is not to be had any more.
        """
        with translated():
            answer = self._create(
                keys=[
                    *(self.key(record_id), f"{self._kind}-withdrawn:{record_id}"),
                    *([claim.key] if claim else []),
                ],
                args=[
                    *(record_id, self._kind, owner or "", Status.QUEUED),
                    *((claim.token, time.time() + CLAIM_LASTS_S) if claim else ("", "")),
                    *((message.queue, message.text) if message else ("", "")),
                    *(QUEUES_DATABASE, DATABASE),
                    *(json.dumps(shards) if shards else "", time.time(), ",".join(uploads)),
                    *_flat({"version": 1, **fields}),
                ],
            )
        if answer == "lost":
            raise IdempotencyInFlight(CLAIM_LASTS_S)
        if answer.startswith("upload "):
            raise UploadUsed(f"{UploadUsed.__doc__} It is {answer.removeprefix('upload ')}")

    def get(self, record_id: str) -> Fields:
        """Raise RecordNotFound for an id that is unknown, erased or past its retention."""
        with translated():
            fields: Fields = self._redis.hgetall(self.key(record_id))
        if not fields:
            raise self._missing(record_id)
        return fields

    def step(
        self,
        step: Step,
        record_id: str,
        fields: Mapping[str, Any] | None = None,
        *,
        attempts: int = 0,
        retention_s: int = 0,
        images_due_at: float = 0,
        outgoing: Sequence[Outgoing] = (),
        lease: Lease | None = None,
        only_first: bool = False,
        brief: bool = False,
    ) -> Fields:
        """Take the step and return the record after it. Raise TransitionRefused, JobHeld or RecordNotFound.

        With a lease, the record is held while it runs; without one, nobody is asked. `only_first`: raise
        JobBegunBefore, and change nothing, where an attempt of another was counted. `brief`: of the record, return what
        was written, and its version.
        """
        allowed, status = LIFECYCLE[step]
        now = time.time()
        written = {
            **(fields or {}),
            "changed_at": now,
            **({"ended_at": now} if status.is_terminal else {}),
            **({"worker": lease.holder} if lease and step is Step.START else {}),
        }
        with translated():
            answer = self._transition(
                keys=[self.key(record_id), ERASURES, *([self.lease_key(record_id)] if lease else [])],
                args=[
                    record_id,
                    ",".join(allowed),
                    status,
                    self._kind,
                    self._channel(record_id) if status.is_terminal else "",
                    retention_s,
                    images_due_at,
                    attempts,
                    json.dumps([out.document for out in outgoing]) if outgoing else "",
                    lease.holder if lease and step in EXCLUSIVE else "",
                    int(1000 * lease.lasts_s) if lease else 0,
                    "1" if only_first else "",
                    "1" if brief else "",
                    *_flat(written),
                ],
            )
        match answer:
            case ["done", after]:
                fields_after = dict(zip(after[::2], after[1::2], strict=True))
                return {**written, **fields_after} if brief else fields_after
            case ["refused", found]:
                raise TransitionRefused(f"{self._kind} {record_id} is {found}: it cannot {step} any more")
            case ["held", holder]:
                raise JobHeld(f"{self._kind} {record_id} is held by {holder}")
            case ["begun"]:
                raise JobBegunBefore(f"{self._kind} {record_id} was begun before, by a worker that did not end it")
            case _:
                raise self._missing(record_id)

    def renew(self, record_id: str, lease: Lease) -> bool:
        """Hold on to a running record; False when it ended or another has taken it."""
        with translated():
            return bool(
                self._renew(
                    keys=[self.key(record_id), self.lease_key(record_id)],
                    args=[lease.holder, int(1000 * lease.lasts_s)],
                )
            )

    def erase(self, record_id: str) -> None:
        """Forget the record in whatever state; its images become due for erasure. Raise RecordNotFound."""
        if self._erased(record_id) == "missing":
            raise self._missing(record_id)

    def withdraw(self, record_id: str, claim: Claim | None = None) -> bool:
        """Forget a record that was just created, or whose creation was not answered: then it does not come to be.

        False, and it stays, when somebody has asked again with its claim meanwhile and was told of it.
        """
        return self._erased(record_id, withdrawn_s=WITHDRAWN_S, claim=claim) != "told"

    def page(
        self, *, limit: int, after: str | None = None, status: StrEnum | None = None, owner: str | None = None
    ) -> RecordPage:
        """Up to `limit` records older than the one called `after`, newest first; of one owner, or of all."""
        index = self.index(owner, status)
        with translated():
            ids = self._redis.zrevrangebylex(index, f"({after}" if after else "+", "-", start=0, num=limit + 1)
            pipeline = self._redis.pipeline(transaction=False)
            for record_id in ids[:limit]:
                pipeline.hgetall(self.key(record_id))
            answers = pipeline.execute()
        # A record past its retention leaves its index entry behind for a while.
        records = tuple((i, fields) for i, fields in zip(ids, answers, strict=False) if fields)
        return RecordPage(records, ids[limit - 1] if len(ids) > limit else None)

    def ids(self, *statuses: StrEnum) -> list[str]:
        """The ids in these statuses, read in one step: a record may go from one to another meanwhile."""
        with translated():
            pipeline = self._redis.pipeline(transaction=True)
            for status in statuses:
                pipeline.zrange(self.index(None, status), 0, -1)
            return [record_id for ids in pipeline.execute() for record_id in ids]

    def count(self, *asked: tuple[Status, str | None]) -> list[int]:
        """How many records are in each status, of each owner; None stands for all of them. One round trip."""
        with translated():
            pipeline = self._redis.pipeline(transaction=False)
            for status, owner in asked:
                pipeline.zcard(self.index(owner, status))
            counts: list[int] = pipeline.execute()
        return counts

    def wait(self, record_id: str, timeout_s: float) -> Fields:
        """The record once it is terminal, or as it stands after `timeout_s` seconds."""
        deadline = time.monotonic() + timeout_s
        with self._endings.watch(self._channel(record_id)) as news:
            while not Status((fields := self.get(record_id))["status"]).is_terminal:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    break
                if told := _told(self._endings.wait(news, min(remaining, LOOK_AGAIN_S))):
                    return told
            return fields

    def forget_expired(self, *, dry: bool = False) -> int:
        """Drop index entries whose record has passed its retention, or only count them; returns how many."""
        dropped = 0
        with translated():
            indexes = list(self._redis.scan_iter(f"{self._kind}s:*", count=PORTION, _type="zset"))
        for index in indexes:
            with translated():
                members = [member for member, _ in self._redis.zscan_iter(index, count=PORTION)]
                for portion in portions(members):
                    pipeline = self._redis.pipeline(transaction=False)
                    for record_id in portion:
                        pipeline.exists(self.key(record_id))
                    gone = [i for i, found in zip(portion, pipeline.execute(), strict=True) if not found]
                    dropped += self._redis.zrem(index, *gone) if gone and not dry else len(gone)
        return dropped

    def key(self, record_id: str) -> str:
        """The Redis key of a record."""
        return f"{self._kind}:{record_id}"

    def lease_key(self, record_id: str) -> str:
        """The Redis key that is there while somebody is at work on a record."""
        return f"{self._kind}-lease:{record_id}"

    def _erased(self, record_id: str, *, withdrawn_s: int = 0, claim: Claim | None = None) -> str:
        with translated():
            answer: str = self._erase(
                keys=[self.key(record_id), ERASURES, DELIVERIES_DUE, *([claim.key] if claim else [])],
                args=[record_id, self._kind, time.time(), DELIVERY, withdrawn_s],
            )
        return answer

    def index(self, owner: str | None, status: StrEnum | None) -> str:
        """The Redis key of a list, of one owner or of all, in one status or in any."""
        of = f"of:{owner}:" if owner else ""
        return f"{self._kind}s:{of}{f'status:{status}' if status else 'all'}"

    def _channel(self, record_id: str) -> str:
        return f"{self._kind}-ended:{record_id}"

    def _missing(self, record_id: str) -> RecordNotFound:
        return RecordNotFound(f"no {self._kind} has the id {record_id!r}")


def number(fields: Fields, name: str) -> float | None:
    """A field that may not be written yet."""
    return float(fields[name]) if name in fields else None


def _told(news: str) -> Fields:
    """The record that has ended; nothing where the news is only its status: of a large one, or the version before's.

    It is not asked for: whoever ended it writes on, and Redis answers no one before its disk has that.
    """
    texts = json.loads(news) if news.startswith("[") else []
    return dict(zip(texts[::2], texts[1::2], strict=True))


def _flat(fields: Mapping[str, Any]) -> Iterator[Any]:
    for name, value in fields.items():
        yield name
        yield value
