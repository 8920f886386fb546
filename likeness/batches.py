"""The client's part for batches: `client.batches.submit(...)`, and what comes of it."""

import json
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeAlias

from likeness import answers
from likeness.calls import ENDED, Calls, content, given
from likeness.methods import Asynchronous, Synchronous, listing, method

BATCHES = "/v1/batches"
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
        return self.status in ENDED

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read the API's answer."""
        counts = document["counts"]
        return cls(document["id"], document["status"], document["pairs"], counts["done"], counts, document)


class BatchCalls:
    """What both clients do; each method raises ApiUnreachable or ApiRefused."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    @method
    async def submit(
        self,
        /,
        photographs: Mapping[str, bytes | Path | str],
        pairs: Sequence[Mapping[str, str]] | None = None,
        *,
        idempotency_key: str | None = None,
        **fields: str | float | None,
    ) -> BatchJob:
        """Submit photographs, each once under a name, and pairs of them: `reference`, `probe`, maybe `custom_id`.

        A photograph may be the id of an upload. Without pairs, the one called `reference` is compared with each of the
        others. `fields` are those of a comparison. When the answer is lost, the same batch is sent again, a few times;
        it is accepted once.
        """
        files: list[Part] = [
            (name, (None, image) if isinstance(image, str) else (name, content(name, image)))
            for name, image in photographs.items()
        ]
        texts: list[Part] = [(name, (None, str(value))) for name, value in given(fields).items()]
        if pairs is not None:
            lines = "\n".join(json.dumps(dict(pair), ensure_ascii=False) for pair in pairs)
            texts.append(("pairs", ("pairs.jsonl", lines.encode())))
        key = idempotency_key or secrets.token_urlsafe(24)
        answer = await self._calls.submitted(BATCHES, key, files=[*texts, *files], timeout=ANSWER_S)
        return BatchJob.from_document(answer)

    @method
    async def get(self, batch_id: str, *, wait_s: float = 0) -> BatchJob:
        """The batch; holds the call up to `wait_s` seconds for its end."""
        return BatchJob.from_document(await self._calls.held(f"{BATCHES}/{batch_id}", wait_s))

    @method
    async def wait(
        self,
        batch_id: str,
        *,
        timeout_s: float = 3600.0,
        every_s: float = 5.0,
        tell: Callable[[BatchJob], None] = lambda batch: None,
    ) -> BatchJob:
        """The ended batch, or the batch as it stands when `timeout_s` seconds are over.

        `tell` is told how it goes on, about every `every_s` seconds, and never sooner than the API said.
        """
        path = f"{BATCHES}/{batch_id}"
        return await self._calls.ended(path, BatchJob.from_document, timeout_s=timeout_s, hold_s=every_s, tell=tell)

    @listing
    async def events(self, batch_id: str) -> AsyncGenerator[BatchJob, None]:
        """The batch at once, and at each change of its status and counts, until it has ended; nothing is polled."""
        async for document in self._calls.states(f"{BATCHES}/{batch_id}/events"):
            yield BatchJob.from_document(document)

    @listing
    async def list(
        self,
        *,
        status: str | None = None,
        limit: int = 20,
        pack: str | None = None,
        metadata: Mapping[str, str] | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
    ) -> AsyncGenerator[BatchJob, None]:
        """Up to `limit` batches, newest first."""
        wanted: dict[str, Any] = {
            "status": status,
            "pack": pack,
            **answers.wanted(created_after, created_before, metadata),
        }
        async for document in self._calls.listed(BATCHES, "batches", limit=limit, **wanted):
            yield BatchJob.from_document(document)

    @listing
    async def results(self, batch_id: str, *, page: int = 500) -> AsyncGenerator[dict[str, Any], None]:
        """The rows that are there, in the order of their pairs: the facts of a comparison, under your names."""
        async for row in self._calls.listed(f"{BATCHES}/{batch_id}/results", "results", page=page):
            yield row

    @method
    async def file(self, batch_id: str, form: str) -> str:
        """The rows that are there as a file, `jsonl` or `csv`."""
        return await self._calls.text(f"{BATCHES}/{batch_id}/results", params={"format": form}, timeout=ANSWER_S)

    @method
    async def cancel(self, batch_id: str) -> BatchJob:
        """Cancel a batch; the rows it has stay."""
        return BatchJob.from_document(await self._calls.request("POST", f"{BATCHES}/{batch_id}/cancel"))

    @method
    async def erase(self, batch_id: str) -> None:
        """Erase a batch: its rows and its photographs."""
        await self._calls.request("DELETE", f"{BATCHES}/{batch_id}")


class Batches(BatchCalls, Synchronous):
    """Batches of one API."""


class AsyncBatches(BatchCalls, Asynchronous):
    """Batches of one API, for asyncio."""
