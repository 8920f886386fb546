"""What the API answers, of which a reader may ask for what it does not have."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx


class Answer(dict[str, Any]):
    """A JSON object. A name that it lacks says that something else has answered, and `missing` makes the error."""

    def __init__(self, fields: Mapping[str, Any], missing: Callable[[str], Exception]) -> None:
        super().__init__(fields)
        self._missing = missing

    def __missing__(self, name: str) -> Any:
        raise self._missing(f"its answer has no {name!r}")


def read(response: httpx.Response, foreign: Callable[[str], Exception]) -> Answer:
    """The object in a response, empty where it has no body; for anything else, raise what `foreign` makes of why."""
    try:
        fields = response.json() if response.content else {}
    except ValueError:
        raise foreign("its answer is no JSON") from None
    if not isinstance(fields, dict):
        raise foreign("its answer is no JSON object")
    return Answer(fields, foreign)


def problem(response: httpx.Response) -> dict[str, Any]:
    """The problem document in a response; where it has none, what HTTP says."""
    try:
        return dict(read(response, ValueError))
    except ValueError:
        return {"status": response.status_code, "title": response.reason_phrase}


def pages(
    request: Callable[..., dict[str, Any]], path: str, name: str, limit: int, wanted: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Up to `limit` of what lies under `name` in the pages of a list. What is None among the `wanted` is not asked."""
    cursor, left = None, limit
    while left > 0:
        asked = {**wanted, "limit": min(left, 100), "cursor": cursor}
        page = request("GET", path, params={name: value for name, value in asked.items() if value is not None})
        yield from page[name]
        left, cursor = left - len(page[name]), page["next_cursor"]
        if cursor is None:
            return


def period(created_after: datetime | str | None, created_before: datetime | str | None) -> dict[str, str | None]:
    """As a list is asked for what was created then; a time without a zone is local."""
    asked = {"created_after": created_after, "created_before": created_before}
    return {name: at.astimezone(UTC).isoformat() if isinstance(at, datetime) else at for name, at in asked.items()}
