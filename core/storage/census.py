"""How many records there are and where they stand, counted off their indexes: for whoever watches, not for a client."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.settings.groups import RedisSettings
from core.storage.connection import connect, translated
from core.storage.lifecycle import Status, made_at
from core.storage.records import DELIVERIES_DUE, ERASURES


@dataclass(frozen=True, slots=True)
class Census:
    """What was counted. Ages are in seconds, 0 where there is nothing that could have one."""

    #: By kind and status.
    records: Mapping[tuple[str, str], int]
    #: Age of the oldest record of a kind that is queued.
    oldest_queued_s: Mapping[str, float]
    #: Stored images whose time has come, ...
    erasures_due: int
    #: ... and for how long the first of them has been due.
    erasures_overdue_s: float
    #: Deliveries that wait for an attempt now, ...
    deliveries_due: int
    #: ... and for how long the first of them has waited.
    deliveries_overdue_s: float


def take_census(server: RedisSettings, kinds: Mapping[str, Sequence[str]]) -> Census:
    """Count the records of these kinds in these statuses, in one round trip. Raise RecordsUnavailable."""
    now = time.time()
    counted = [(kind, status) for kind, statuses in kinds.items() for status in statuses]
    with_a_queue = [kind for kind, statuses in kinds.items() if Status.QUEUED in statuses]
    with translated():
        pipeline = connect(server).pipeline(transaction=False)
        for kind, status in counted:
            pipeline.zcard(f"{kind}s:status:{status}")
        for kind in with_a_queue:  # ids sort by the time they were made at
            pipeline.zrange(f"{kind}s:status:{Status.QUEUED}", 0, 0)
        for due in (ERASURES, DELIVERIES_DUE):
            pipeline.zcount(due, "-inf", now)
            pipeline.zrange(due, 0, 0, withscores=True)
        answers = iter(pipeline.execute())
    return Census(
        records={of: next(answers) for of in counted},
        oldest_queued_s={kind: _age_s(next(answers), now) for kind in with_a_queue},
        erasures_due=next(answers),
        erasures_overdue_s=_overdue_s(next(answers), now),
        deliveries_due=next(answers),
        deliveries_overdue_s=_overdue_s(next(answers), now),
    )


def _age_s(ids: Sequence[str], now: float) -> float:
    made = made_at(ids[0]) if ids else None
    return 0.0 if made is None else max(0.0, now - made)


def _overdue_s(first: Sequence[tuple[str, float]], now: float) -> float:
    return max(0.0, now - first[0][1]) if first else 0.0
