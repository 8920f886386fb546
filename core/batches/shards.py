"""Shards by id: who is at work on which, and what comes of it."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Self

from pydantic import TypeAdapter

from core.batches.batch import Counts
from core.batches.rows import PhotographFacts, Row
from core.batches.shard import Shard, ShardRequest
from core.batches.store import dump_facts, dump_rows
from core.errors import RecordUnreadable
from core.settings import Settings
from core.settings.groups import JobSettings, RedisSettings
from core.storage import scripts
from core.storage.connection import connect, translated
from core.storage.lifecycle import Lease, Status, Step
from core.storage.records import Fields, Records

_REQUEST = TypeAdapter(ShardRequest)


class ShardStore:
    """Shards that are to be done. Connects when first used; raises RecordsUnavailable when the server is away."""

    def __init__(self, server: RedisSettings, jobs: JobSettings) -> None:
        self._redis = connect(server)
        self._records = Records(self._redis, "shard")
        self._finish, self._note = (scripts.load(self._redis, f"shard_{name}") for name in ("finish", "note"))
        self._lease_s = jobs.lease_s

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """With the groups that it needs."""
        return cls(settings.redis, settings.jobs)

    def start(self, shard_id: str, holder: str, *, only_first: bool = False) -> Shard:
        """As `JobStore.start`."""
        lease = Lease(holder, self._lease_s)
        fields = {"started_at": time.time()}
        return _shard(
            shard_id, self._records.step(Step.START, shard_id, fields, attempts=1, lease=lease, only_first=only_first)
        )

    def renew(self, shard_id: str, holder: str) -> bool:
        """Keep the shard's lease; False when it is done or another holds it."""
        return self._records.renew(shard_id, Lease(holder, self._lease_s))

    def requeue(self, shard_id: str, holder: str) -> None:
        """Running back to queued: our own infrastructure failed, and the attempt does not count. Raise JobHeld."""
        self._records.step(Step.REQUEUE, shard_id, attempts=-1, lease=Lease(holder, self._lease_s))

    def note(self, shard_id: str, holder: str, *, at: int | None, suspects: Sequence[int]) -> None:
        """Write down which photograph is looked at now: should the worker die of it, the next one knows."""
        with translated():
            self._note(
                keys=[self._records.key(shard_id)],
                args=[holder, "" if at is None else at, ",".join(map(str, suspects))],
            )

    def finish(
        self, shard_id: str, batch_id: str, rows: Sequence[Row], facts: Mapping[int, PhotographFacts], counts: Counts
    ) -> int:
        """Keep what was found, once, and forget the shard; returns how many the batch has left.

        Nothing is kept of a shard that is done, or whose batch has ended or was erased.
        """
        with translated():
            left = self._finish(
                keys=[f"batch:{batch_id}", self._records.key(shard_id)],
                args=[
                    shard_id,
                    json.dumps(dump_rows(rows)),
                    json.dumps(dump_facts(facts)),
                    json.dumps({name: count for name, count in asdict(counts).items() if count}),
                ],
            )
        return int(left)

    def forget(self, shard_id: str) -> None:
        """Of a batch that is there no more. Raise RecordNotFound."""
        self._records.erase(shard_id)

    def waiting(self, owner: str) -> int:
        """How many shards of one owner are queued."""
        return self._records.count((Status.QUEUED, owner))[0]


def _shard(shard_id: str, fields: Fields) -> Shard:
    try:
        return Shard(
            id=shard_id,
            status=Status(fields["status"]),
            request=_REQUEST.validate_json(fields["request"]),
            attempts=int(fields.get("attempts", 0)),
            at=int(at) if (at := fields.get("at")) else None,
            suspects=tuple(int(number) for number in fields.get("suspects", "").split(",") if number),
        )
    except (ValueError, KeyError) as error:
        raise RecordUnreadable(f"this version cannot read the shard {shard_id!r}: {type(error).__name__}") from error
