"""What the API answers, of which a reader may ask for what it does not have."""

from collections.abc import Callable, Mapping
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
    """The problem document in a response; where it has none, what HTTP says and who may have said it."""
    http = {"status": response.status_code, "title": response.reason_phrase}
    try:
        found = {**http, **read(response, ValueError)}
    except ValueError:
        found = http
    if "code" in found:
        return found
    where = response.url.copy_with(userinfo=b"", query=None)
    said = f"{where} answers {response.status_code} {response.reason_phrase}"
    whose = "in the words of a proxy or of another server than this API; LIKENESS_API_URL names where it is"
    return {"detail": f"{said}, {whose}", **found}


def retry_after_s(response: httpx.Response) -> float | None:
    """The seconds before which the API does not want to be asked again; None where it names none."""
    told = response.headers.get("Retry-After", "").strip()
    return float(told) if told.isdecimal() else None


def wanted(
    created_after: datetime | str | None, created_before: datetime | str | None, metadata: Mapping[str, str] | None
) -> dict[str, str | None]:
    """What of a list is wanted, as the API takes it; a time without a zone is local."""
    created = {"created_after": created_after, "created_before": created_before}
    times = {name: at.astimezone(UTC).isoformat() if isinstance(at, datetime) else at for name, at in created.items()}
    return {**times, **{f"metadata.{name}": value for name, value in (metadata or {}).items()}}
