"""How many records are in a status and since when, and what is due: counted off their indexes, in one round trip.

For whoever watches, not for a client. Records that have passed their retention are counted until the courier has
dropped them from their list.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.settings.groups import RedisSettings
from core.storage.connection import connect, translated
from core.storage.lifecycle import made_at
from core.storage.records import DELIVERIES_DUE, ERASURES

#: A kind of record, and a status of it.
Standing = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Count:
    """Records of one kind in one status."""

    records: int
    #: The one that was created first; None where there is none.
    oldest_id: str | None

    @property
    def oldest_at(self) -> float | None:
        """When that was created, in seconds since the epoch, UTC; None where its id does not say."""
        return made_at(self.oldest_id) if self.oldest_id else None

    def oldest_s(self, now: float) -> float | None:
        """Its age; None where there is none, or its id does not say."""
        return None if self.oldest_at is None else max(0.0, now - self.oldest_at)


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done at a time, and whose time has come."""

    records: int
    #: For how long the first of them has waited; 0 where nothing does.
    overdue_s: float


@dataclass(frozen=True, slots=True)
class Census:
    """What was counted at a moment, in seconds since the epoch, UTC."""

    at: float
    counts: Mapping[Standing, Count]
    #: Stored images past their retention.
    erasures: Due
    #: Deliveries that wait for an attempt now.
    deliveries: Due


def take_census(server: RedisSettings, asked: Sequence[Standing], *, owner: str | None = None) -> Census:
    """Count what is asked for, of one owner or of all, and what is due. Raise RecordsUnavailable."""
    now = time.time()
    client = connect(server)
    try:
        with translated():
            pipeline = client.pipeline(transaction=False)
            for kind, status in asked:
                index = f"{kind}s:{f'of:{owner}:' if owner else ''}status:{status}"
                pipeline.zcard(index)
                pipeline.zrange(index, 0, 0)  # ids sort by the time they were made at
            for due in (ERASURES, DELIVERIES_DUE):
                pipeline.zcount(due, "-inf", now)
                pipeline.zrange(due, 0, 0, withscores=True)
            answers = iter(pipeline.execute())
    finally:
        client.close()
    counts = {which: Count(next(answers), next(iter(next(answers)), None)) for which in asked}
    return Census(now, counts, erasures=_due(answers, now), deliveries=_due(answers, now))


def _due(answers: Iterator[Any], now: float) -> Due:
    records, first = next(answers), next(answers)
    return Due(records, max(0.0, now - first[0][1]) if first else 0.0)
