"""Records as this version reads them: one that it cannot read is named, and hides no other."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import structlog

from core.errors import RecordUnreadable

log = structlog.get_logger()

T = TypeVar("T")
S = TypeVar("S")


def read(kind: str, record_id: str, fields: S, parsed: Callable[[str, S], T]) -> T:
    """The record out of its fields. Raise RecordUnreadable for fields of another form."""
    try:
        return parsed(record_id, fields)
    except (ValueError, KeyError) as error:  # pydantic's own are ValueErrors; what they say may show the record
        raise RecordUnreadable(
            f"this version cannot read the {kind} {record_id!r} ({type(error).__name__}): a newer one has written it, "
            "or it is damaged"
        ) from error


def readable(kind: str, records: Iterable[tuple[str, S]], parsed: Callable[[str, S], T]) -> Iterator[T]:
    """Those of a list that can be read; the others are named in the log."""
    for record_id, fields in records:
        try:
            yield read(kind, record_id, fields, parsed)
        except RecordUnreadable as error:
            log.error("record_left_out", **{f"{kind}_id": record_id}, why=str(error))
