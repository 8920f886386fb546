"""A typed client of the HTTP API, synchronous or asynchronous: every method is written once (likeness/methods.py).

`client.batches`, `client.evaluations` and `client.uploads` are parts of it, in modules of their own.
"""

import os
import secrets
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import httpx

from likeness import answers
from likeness.batches import AsyncBatches, Batches
from likeness.calls import ENDED, RETRIES_S, Calls, content, given
from likeness.errors import ApiError, ApiForeign, ApiRefused, ApiSilent, ApiSlow, ApiUnreachable
from likeness.evaluations import AsyncEvaluations, Evaluations
from likeness.methods import Asynchronous, Synchronous, listing, method
from likeness.notices import Notices
from likeness.transports import Awaiting, Blocking
from likeness.uploads import AsyncUploads, Uploads

__all__ = [
    "RETRIES_S",
    "ApiError",
    "ApiForeign",
    "ApiRefused",
    "ApiSilent",
    "ApiSlow",
    "ApiUnreachable",
    "AsyncClient",
    "Client",
    "ComparisonJob",
]


@dataclass(frozen=True, slots=True)
class ComparisonJob:
    """A comparison job as the API shows it."""

    id: str
    status: str
    #: `compared` or `not_acquired`; None until it has succeeded.
    outcome: str | None
    #: -1 to 1; None where nothing was compared.
    score: float | None
    #: `match` or `non_match`; None where nothing was compared.
    decision: str | None
    #: The one it is decided by, -1 to 1.
    threshold: float
    #: Why nothing was compared: side, reason and detail of each failure.
    reasons: tuple[Mapping[str, str], ...]
    #: The whole answer.
    document: Mapping[str, Any]
    #: By side, what was seen in the image: its size, faces, landmarks, quality measures and warnings. Empty until a
    #: worker has looked, and where the API is older than this.
    seen: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: By side, whether the image looks like a living face: verdict, score, threshold, reason. Empty where nobody asked.
    pad: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: What the pack's calibration says of the score: its `points`, and among how many `non_mated` and `mated`
    #: comparisons of the run how many scored as high, or as low. None where nothing was compared, the pack is not
    #: calibrated, or the API is older than this.
    calibration: Mapping[str, Any] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the status is terminal."""
        return self.status in ENDED

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read the API's answer."""
        picked = {name: document[name] for name in ("id", "status", "outcome", "score", "decision", "threshold")}
        return cls(
            **picked,
            reasons=tuple(document["reasons"]),
            document=document,
            seen=document.get("seen", {}),
            pad=document.get("pad", {}),
            calibration=document.get("calibration"),
        )

    def warnings(self, side: str) -> tuple[str, ...]:
        """Quality warnings of `reference` or `probe`: `extreme_pose`, `blurred`, `too_dark`, ..."""
        return tuple(self.seen.get(side, {}).get("warnings", ()))


DEFAULT_URL = "http://127.0.0.1:8000"


class Comparisons:
    """What both clients do; each method raises ApiUnreachable or ApiRefused."""

    _calls: Calls

    @method
    async def submit(
        self,
        /,
        reference: bytes | str | Path,
        probe: bytes | str | Path,
        *,
        idempotency_key: str | None = None,
        **fields: str | float | None,
    ) -> ComparisonJob:
        """Submit two images; `fields` are the form's others: pack, policy, threshold, quality, liveness,
        liveness_sides, metadata, callback_url, expires_in (seconds within which it has to be begun).

        An image is its bytes or its file's path. As a text it is a URL, where the deployment fetches them, or the id of
        an upload.

        When the answer is lost, the same submission is sent again, a few times; it is accepted once. An API that hangs
        is not asked again.
        """
        images = {"reference": reference, "probe": probe}
        files = {name: (name, content(name, image)) for name, image in images.items() if not isinstance(image, str)}
        texts = {name: image for name, image in images.items() if isinstance(image, str)}
        form = {**texts, **{name: str(value) for name, value in given(fields).items()}}
        # A text among the files has no name: so a form without any file is multipart all the same.
        parts = [*files.items(), *((name, (None, text)) for name, text in form.items())]
        key = idempotency_key or secrets.token_urlsafe(24)
        return ComparisonJob.from_document(await self._calls.submitted("/v1/comparisons", key, files=parts))

    @method
    async def get(self, job_id: str, *, wait_s: float = 0) -> ComparisonJob:
        """The job; holds the call up to `wait_s` seconds for its end."""
        return ComparisonJob.from_document(await self._calls.held(f"/v1/comparisons/{job_id}", wait_s))

    @method
    async def wait(self, job_id: str, *, timeout_s: float = 120.0) -> ComparisonJob:
        """The ended job, or the job as it stands when `timeout_s` seconds are over.

        The API is never asked again sooner than it said.
        """
        path = f"/v1/comparisons/{job_id}"
        return await self._calls.ended(path, ComparisonJob.from_document, timeout_s=timeout_s)

    @listing
    async def events(self, job_id: str) -> AsyncGenerator[ComparisonJob, None]:
        """The job at once, and at each change of its status, until it has ended; nothing is polled."""
        async for document in self._calls.states(f"/v1/comparisons/{job_id}/events"):
            yield ComparisonJob.from_document(document)

    @listing
    async def jobs(
        self,
        /,
        *,
        status: str | None = None,
        limit: int = 20,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        metadata: Mapping[str, str] | None = None,
        **filters: str | None,
    ) -> AsyncGenerator[ComparisonJob, None]:
        """Up to `limit` jobs, newest first; `filters` are decision, outcome, reason, pack.

        The API looks through its jobs a page at a time: to find few among many takes many calls.
        """
        wanted: dict[str, Any] = {
            "status": status,
            **filters,
            **answers.wanted(created_after, created_before, metadata),
        }
        async for document in self._calls.listed("/v1/comparisons", "jobs", limit=limit, **wanted):
            yield ComparisonJob.from_document(document)

    @method
    async def cancel(self, job_id: str) -> ComparisonJob:
        """Cancel a job."""
        return ComparisonJob.from_document(await self._calls.request("POST", f"/v1/comparisons/{job_id}/cancel"))

    @method
    async def erase(self, job_id: str) -> None:
        """Erase a job and its images."""
        await self._calls.request("DELETE", f"/v1/comparisons/{job_id}")

    @method
    async def receipt(self, job_id: str) -> str:
        """The signed receipt of a job that has ended: a compact JWS."""
        return (await self._calls.text(f"/v1/comparisons/{job_id}/receipt")).strip()

    @method
    async def jwks(self) -> dict[str, Any]:
        """The public keys that verify receipts."""
        return await self._calls.request("GET", "/.well-known/jwks.json")

    @method
    async def packs(self) -> list[dict[str, Any]]:
        """The packs the deployment runs."""
        return list((await self._calls.request("GET", "/v1/packs"))["packs"])

    @method
    async def datasets(self) -> list[dict[str, Any]]:
        """The imported data sets, which evaluation runs may be asked for."""
        return list((await self._calls.request("GET", "/v1/datasets"))["datasets"])

    @method
    async def me(self) -> dict[str, Any]:
        """The key that is used, its scopes and limits, and what is left of them."""
        return await self._calls.request("GET", "/v1/me")

    @method
    async def system(self) -> dict[str, Any]:
        """What the deployment runs and how it stands; `deployment` is for operators, None for other keys."""
        return await self._calls.request("GET", "/v1/system")

    @method
    async def greet(self, within_s: float) -> None:
        """Raise ApiSilent where the API does not answer at all within so many seconds; nothing is asked of it yet."""
        await self._calls.greeted(within_s)

    @method
    async def close(self) -> None:
        """Close the connections; `with` does it."""
        await self._calls.close()


class Client(Comparisons, Notices, Synchronous):
    """Talks to one API. Raises ApiUnreachable or ApiRefused.

    Without a `url` it is the one in LIKENESS_API_URL, or http://127.0.0.1:8000, with the key in LIKENESS_API_KEY.
    `timeout_s` is how long an answer may take. `patience_s` is how long a submission may go on asking an API that is
    busy (429, 503), each time when the API said to; by default it is refused at once.
    """

    def __init__(
        self, url: str | None = None, *, key: str | None = None, timeout_s: float = 30.0, patience_s: float = 0.0
    ) -> None:
        url, headers = _place(url, key)
        http = httpx.Client(base_url=url, timeout=timeout_s, headers=headers)
        self._calls = Calls(url, Blocking(http), patience_s=patience_s)
        #: Many pairs in one job.
        self.batches = Batches(self._calls)
        #: Runs of a benchmark.
        self.evaluations = Evaluations(self._calls)
        #: Photographs that go to the object store by themselves.
        self.uploads = Uploads(self._calls)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(Comparisons, Notices, Asynchronous):
    """`Client` for asyncio: the same methods, to be awaited, and lists for `async for`."""

    def __init__(
        self, url: str | None = None, *, key: str | None = None, timeout_s: float = 30.0, patience_s: float = 0.0
    ) -> None:
        url, headers = _place(url, key)
        http = httpx.AsyncClient(base_url=url, timeout=timeout_s, headers=headers)
        self._calls = Calls(url, Awaiting(http), patience_s=patience_s)
        #: Many pairs in one job.
        self.batches = AsyncBatches(self._calls)
        #: Runs of a benchmark.
        self.evaluations = AsyncEvaluations(self._calls)
        #: Photographs that go to the object store by themselves.
        self.uploads = AsyncUploads(self._calls)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _place(url: str | None, key: str | None) -> tuple[str, dict[str, str]]:
    """Where the API is, and what it is told. A key from the environment goes nowhere else than the URL from there."""
    if url is None:
        key = key or os.environ.get("LIKENESS_API_KEY")
        url = os.environ.get("LIKENESS_API_URL", DEFAULT_URL)
    return url, {"Authorization": f"Bearer {key}"} if key else {}
