"""A typed client of the HTTP API."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx

from core.errors import LikenessError


class ApiUnreachable(LikenessError):
    """The API did not answer."""

    code = "api_unreachable"
    retryable = True


class ApiRefused(LikenessError):
    """The API answered with a problem document."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title") or problem))
        self.problem = dict(problem)
        self.code = str(problem.get("code", "unknown"))
        self.retryable = problem.get("status") in (429, 503)


@dataclass(frozen=True, slots=True)
class ComparisonJob:
    """A comparison job as the API shows it; `document` is the whole answer."""

    id: str
    status: str
    outcome: str | None
    score: float | None
    decision: str | None
    threshold: float
    reasons: tuple[Mapping[str, str], ...]
    document: Mapping[str, Any]

    @property
    def has_ended(self) -> bool:
        """Whether the status is terminal."""
        return self.status in ("succeeded", "failed", "cancelled")

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read the API's answer."""
        picked = {name: document[name] for name in ("id", "status", "outcome", "score", "decision", "threshold")}
        return cls(**picked, reasons=tuple(document["reasons"]), document=document)


class Client:
    """Talks to one API. Raises ApiUnreachable or ApiRefused."""

    def __init__(self, url: str, *, timeout_s: float = 30.0) -> None:
        self._http = httpx.Client(base_url=url, timeout=timeout_s)
        self._url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def submit(self, reference: bytes, probe: bytes, **fields: str | float | None) -> ComparisonJob:
        """Submit two images; `fields` are the form's others: pack, policy, threshold, metadata."""
        answer = self._request(
            "POST",
            "/v1/comparisons",
            files={"reference": ("reference", reference), "probe": ("probe", probe)},
            data={name: str(value) for name, value in fields.items() if value is not None},
        )
        return ComparisonJob.from_document(answer)

    def get(self, job_id: str, *, wait_s: float = 0) -> ComparisonJob:
        """The job; holds the call up to `wait_s` seconds for its end."""
        answer = self._request("GET", f"/v1/comparisons/{job_id}", params={"wait": wait_s}, timeout=wait_s + 30)
        return ComparisonJob.from_document(answer)

    def wait(self, job_id: str, *, timeout_s: float = 120.0) -> ComparisonJob:
        """The ended job, or the job as it stands after `timeout_s` seconds."""
        deadline = time.monotonic() + timeout_s
        while True:
            job = self.get(job_id, wait_s=max(0.0, min(20.0, deadline - time.monotonic())))
            if job.has_ended or time.monotonic() >= deadline:
                return job

    def jobs(self, *, status: str | None = None, limit: int = 20) -> Iterator[ComparisonJob]:
        """Up to `limit` jobs, newest first."""
        cursor, left = None, limit
        while left > 0:
            wanted = {"limit": min(left, 100), "status": status, "cursor": cursor}
            params = {name: value for name, value in wanted.items() if value is not None}
            page = self._request("GET", "/v1/comparisons", params=params)
            yield from (ComparisonJob.from_document(document) for document in page["jobs"])
            left, cursor = left - len(page["jobs"]), page["next_cursor"]
            if cursor is None:
                return

    def cancel(self, job_id: str) -> ComparisonJob:
        """Cancel a job."""
        return ComparisonJob.from_document(self._request("POST", f"/v1/comparisons/{job_id}/cancel"))

    def erase(self, job_id: str) -> None:
        """Erase a job and its images."""
        self._request("DELETE", f"/v1/comparisons/{job_id}")

    def packs(self) -> list[dict[str, Any]]:
        """The packs the deployment runs."""
        return list(self._request("GET", "/v1/packs")["packs"])

    def _request(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        try:
            response = self._http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise ApiUnreachable(
                f"no API answers at {self._url} ({error}): start a local one with `make up`, or set LIKENESS_API_URL"
            ) from error
        if response.is_error:
            try:
                raise ApiRefused(response.json())
            except ValueError:
                raise ApiRefused({"status": response.status_code, "title": response.reason_phrase}) from None
        return dict(response.json()) if response.content else {}
