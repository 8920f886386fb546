"""The client's part for batches: `client.batches.submit(...)`, and what comes of it."""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self, TypeAlias

import httpx

from likeness import answers, events

#: Storing what a batch brings may take so long.
ANSWER_S = 120.0

Part: TypeAlias = tuple[str, tuple[str | None, Any]]


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A batch as the API shows it."""

    id: str
    status: str
    #: How many it has.
    pairs: int
    #: How many of them have a row.
    done: int
    #: `compared`, `matches`, `non_matches`, `not_acquired`, `failed`, `done`.
    counts: Mapping[str, int]
    #: The whole answer.
    document: Mapping[str, Any]

    @property
    def has_ended(self) -> bool:
        """Whether the status is terminal."""
        return self.status in ("succeeded", "failed", "cancelled")

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read the API's answer."""
        counts = document["counts"]
        return cls(document["id"], document["status"], document["pairs"], counts["done"], counts, document)


class Api(Protocol):
    """What is asked of a client."""

    def request(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """The answer's JSON. Raise ApiUnreachable or ApiRefused."""
        ...

    def text(self, path: str, **arguments: Any) -> str:
        """The answer's text. Raise the same."""
        ...

    def submitted(self, path: str, parts: Sequence[Part], key: str, **arguments: Any) -> dict[str, Any]:
        """The answer to a form that is sent again, under one idempotency key, when no answer arrives."""
        ...

    def stream(self, method: str, path: str, **arguments: Any) -> AbstractContextManager[httpx.Response]:
        """The answer while it comes. Raise the same."""
        ...


class Batches:
    """Batches of one API. Raises ApiUnreachable or ApiRefused."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def submit(
        self,
        photographs: Mapping[str, bytes | Path],
        pairs: Sequence[Mapping[str, str]] | None = None,
        *,
        idempotency_key: str | None = None,
        **fields: str | float | None,
    ) -> BatchJob:
        """Submit photographs, each once under a name, and pairs of them: `reference`, `probe`, maybe `custom_id`.

        Without pairs, the photograph called `reference` is compared with each of the others. `fields` are those of a
        comparison. When the answer is lost, the same batch is sent again, a few times; it is accepted once.
        """
        files: list[Part] = [
            (name, (name, body if isinstance(body, bytes) else body.read_bytes())) for name, body in photographs.items()
        ]
        texts: list[Part] = [(name, (None, str(value))) for name, value in fields.items() if value is not None]
        if pairs is not None:
            lines = "\n".join(json.dumps(dict(pair), ensure_ascii=False) for pair in pairs)
            texts.append(("pairs", ("pairs.jsonl", lines.encode())))
        key = idempotency_key or secrets.token_urlsafe(24)
        return BatchJob.from_document(self._api.submitted("/v1/batches", [*texts, *files], key, timeout=ANSWER_S))

    def get(self, batch_id: str, *, wait_s: float = 0) -> BatchJob:
        """The batch; holds the call up to `wait_s` seconds for its end."""
        answer = self._api.request("GET", f"/v1/batches/{batch_id}", params={"wait": wait_s}, timeout=wait_s + 30)
        return BatchJob.from_document(answer)

    def wait(
        self,
        batch_id: str,
        *,
        timeout_s: float = 3600.0,
        every_s: float = 1.0,
        tell: Callable[[BatchJob], None] = lambda batch: None,
    ) -> BatchJob:
        """The ended batch, or the batch as it stands after `timeout_s` seconds; `tell` is told how it goes on."""
        deadline = time.monotonic() + timeout_s
        while True:
            batch = self.get(batch_id, wait_s=max(0.0, min(every_s, deadline - time.monotonic())))
            tell(batch)
            if batch.has_ended or time.monotonic() >= deadline:
                return batch

    def events(self, batch_id: str) -> Iterator[BatchJob]:
        """The batch at once, and at each change of its status and counts, until it has ended; nothing is polled."""
        for document in events.states(self._api.stream, f"/v1/batches/{batch_id}/events"):
            yield BatchJob.from_document(document)

    def list(
        self,
        *,
        status: str | None = None,
        limit: int = 20,
        pack: str | None = None,
        metadata: Mapping[str, str] | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
    ) -> Iterator[BatchJob]:
        """Up to `limit` batches, newest first."""
        wanted = {
            **{"status": status, "pack": pack},
            **answers.period(created_after, created_before),
            **{f"metadata.{name}": value for name, value in (metadata or {}).items()},
        }
        for document in answers.pages(self._api.request, "/v1/batches", "batches", limit, wanted):
            yield BatchJob.from_document(document)

    def results(self, batch_id: str, *, page: int = 500) -> Iterator[dict[str, Any]]:
        """The rows that are there, in the order of their pairs: the facts of a comparison, under your names."""
        cursor: str | None = None
        while True:
            params = {"limit": page, **({"cursor": cursor} if cursor else {})}
            answer = self._api.request("GET", f"/v1/batches/{batch_id}/results", params=params)
            yield from answer["results"]
            if (cursor := answer["next_cursor"]) is None:
                return

    def file(self, batch_id: str, form: str) -> str:
        """The rows that are there as a file, `jsonl` or `csv`."""
        return self._api.text(f"/v1/batches/{batch_id}/results", params={"format": form}, timeout=ANSWER_S)

    def cancel(self, batch_id: str) -> BatchJob:
        """Cancel a batch; the rows it has stay."""
        return BatchJob.from_document(self._api.request("POST", f"/v1/batches/{batch_id}/cancel"))

    def erase(self, batch_id: str) -> None:
        """Erase a batch: its rows and its photographs."""
        self._api.request("DELETE", f"/v1/batches/{batch_id}")
