"""Records of a list that somebody wants some of: looked through newest first, so many at a time and no more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from core.settings.groups import RedisSettings
from core.storage.connection import connect, translated
from core.storage.reading import readable
from core.storage.records import Fields, Records

T = TypeVar("T")

#: A page looks at so many records at most, whatever it finds among them: 1000 comparisons take 0.3 s.
LOOKED_AT = 1000
_PORTION = 100
#: A record says that it was made so much later than its id says, at most: what was sent is looked at in between.
LATER_S = 10.0


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """Some that were wanted, newest first."""

    records: tuple[T, ...]
    #: Where the following page begins after; None at the end. It may be there although nothing was found.
    next_id: str | None


class Search(Generic[T]):
    """Looks through the records of one kind. Connects when first used; raises RecordsUnavailable."""

    def __init__(self, server: RedisSettings, kind: str, parsed: Callable[[str, Fields], T], *, prefix: str) -> None:
        """Ids begin with `prefix`, and say when they were made."""
        self._redis = connect(server)
        self._kind = kind
        self._records = Records(self._redis, kind)
        self._parsed = parsed
        self._prefix = prefix

    def page(
        self,
        wanted: Callable[[T], bool],
        *,
        limit: int,
        after: str | None = None,
        status: StrEnum | None = None,
        owner: str | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> Found[T]:
        """Up to `limit` wanted ones older than the record `after`, of one owner or of all.

        After LOOKED_AT, or some 100 more, it looks no further. `since`, `until`: seconds since the epoch, between which
        their ids were made, or up to LATER_S before.
        """
        index = self._records.index(owner, status)
        ends = [end for end in (after, None if until is None else self._id_at(until)) if end is not None]
        newest = f"({min(ends)}" if ends else "+"
        oldest = "-" if since is None else f"[{self._id_at(since - LATER_S)}"
        found: list[T] = []
        looked, many = 0, limit  # where everything is wanted, no more than that is read
        while looked < LOOKED_AT:
            ids, is_more, records = self._portion(index, newest, oldest, many)
            for record_id in ids:
                # A record past its retention leaves its index entry behind for a while.
                there = [(record_id, records[record_id])] if records[record_id] else []
                found += filter(wanted, readable(self._kind, there, self._parsed))
                if len(found) == limit:
                    is_last = record_id == ids[-1] and not is_more
                    return Found(tuple(found), None if is_last else record_id)
            if not is_more:
                return Found(tuple(found), None)
            looked, many, newest = looked + many, _PORTION, f"({ids[-1]}"
        return Found(tuple(found), ids[-1])

    def _portion(self, index: str, newest: str, oldest: str, many: int) -> tuple[list[str], bool, Mapping[str, Fields]]:
        """So many ids of a list, whether it goes on after them, and their records."""
        with translated():
            ids: list[str] = self._redis.zrevrangebylex(index, newest, oldest, start=0, num=many + 1)
            pipeline: Any = self._redis.pipeline(transaction=False)
            for record_id in ids[:many]:
                pipeline.hgetall(self._records.key(record_id))
            answers = pipeline.execute()
        return ids[:many], len(ids) > many, dict(zip(ids, answers, strict=False))

    def _id_at(self, at: float) -> str:
        """What the first id of a moment begins with."""
        return f"{self._prefix}_{max(0, int(at * 1000)):012x}"
