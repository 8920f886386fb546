"""A typed client of the HTTP API."""

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import httpx

from likeness import answers, events
from likeness.batches import Batches

#: Waits between the tries of a submission whose answer did not arrive; every try has the same idempotency key.
RETRIES_S = (0.3, 1.0, 3.0)


class ApiError(Exception):
    """A call came to nothing. `code` is stable for machines; `retryable` says whether trying again may help."""

    code = "api_error"
    retryable = False


class ApiUnreachable(ApiError):
    """The API did not answer."""

    code = "api_unreachable"
    retryable = True


class ApiSilent(ApiUnreachable):
    """The API, or a proxy before it, took the request and did not answer in time."""

    code = "api_silent"


class ApiForeign(ApiError, KeyError):
    """Something answered that is not this API."""

    code = "api_foreign"
    __str__ = Exception.__str__


class ApiRefused(ApiError):
    """The API answered with a problem document (RFC 9457), kept whole in `problem`."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title") or problem))
        self.problem = dict(problem)
        self.code = str(problem.get("code", "unknown"))
        self.retryable = problem.get("status") in (429, 503)


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
        return self.status in ("succeeded", "failed", "cancelled")

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


class Client:
    """Talks to one API. Raises ApiUnreachable or ApiRefused."""

    def __init__(self, url: str, *, key: str | None = None, timeout_s: float = 30.0) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url, timeout=timeout_s, headers=headers)
        self._url = url
        #: Many pairs in one job.
        self.batches = Batches(_Calls(self))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def submit(
        self,
        reference: bytes | str,
        probe: bytes | str,
        *,
        idempotency_key: str | None = None,
        **fields: str | float | None,
    ) -> ComparisonJob:
        """Submit two images; `fields` are the form's others: pack, policy, threshold, quality, liveness,
        liveness_sides, metadata, callback_url, expires_in (seconds within which it has to be begun).

        An image may be a URL, where the deployment fetches them.

        When the answer is lost, the same submission is sent again, a few times; it is accepted once. An API that hangs
        is not asked again.
        """
        images = {"reference": reference, "probe": probe}
        files = {name: (name, image) for name, image in images.items() if isinstance(image, bytes)}
        texts = {name: image for name, image in images.items() if isinstance(image, str)}
        form = {**texts, **{name: str(value) for name, value in fields.items() if value is not None}}
        # A text among the files has no name: so a form without any file is multipart all the same.
        parts = [*files.items(), *((name, (None, text)) for name, text in form.items())]
        key = idempotency_key or secrets.token_urlsafe(24)
        return ComparisonJob.from_document(self._submitted("/v1/comparisons", parts, key))

    def _submitted(self, path: str, parts: Sequence[Any], key: str, **arguments: Any) -> dict[str, Any]:
        for wait_s in (*RETRIES_S, None):  # by hand: the client stands on httpx alone
            try:
                return self._request("POST", path, files=parts, headers={"Idempotency-Key": key}, **arguments)
            except (ApiUnreachable, ApiRefused) as error:
                is_lost = isinstance(error, ApiUnreachable) and not isinstance(error, ApiSilent)
                if wait_s is None or not (is_lost or error.code == "idempotency_in_flight"):
                    raise
                time.sleep(wait_s)
        raise AssertionError("the last try returns or raises")

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

    def events(self, job_id: str) -> Iterator[ComparisonJob]:
        """The job at once, and at each change of its status, until it has ended; nothing is polled."""
        for document in events.states(self._stream, f"/v1/comparisons/{job_id}/events"):
            yield ComparisonJob.from_document(document)

    def jobs(
        self,
        *,
        status: str | None = None,
        limit: int = 20,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        metadata: Mapping[str, str] | None = None,
        **filters: str | None,
    ) -> Iterator[ComparisonJob]:
        """Up to `limit` jobs, newest first; `filters` are decision, outcome, reason, pack.

        The API looks through its jobs a page at a time: to find few among many takes many calls.
        """
        wanted = {
            **{"status": status, **filters},
            **answers.period(created_after, created_before),
            **{f"metadata.{name}": value for name, value in (metadata or {}).items()},
        }
        for document in answers.pages(self._request, "/v1/comparisons", "jobs", limit, wanted):
            yield ComparisonJob.from_document(document)

    def cancel(self, job_id: str) -> ComparisonJob:
        """Cancel a job."""
        return ComparisonJob.from_document(self._request("POST", f"/v1/comparisons/{job_id}/cancel"))

    def erase(self, job_id: str) -> None:
        """Erase a job and its images."""
        self._request("DELETE", f"/v1/comparisons/{job_id}")

    def receipt(self, job_id: str) -> str:
        """The signed receipt of a job that has ended: a compact JWS."""
        return self._send("GET", f"/v1/comparisons/{job_id}/receipt").text.strip()

    def jwks(self) -> dict[str, Any]:
        """The public keys that verify receipts."""
        return self._request("GET", "/.well-known/jwks.json")

    def deliveries(self, *, status: str | None = None, limit: int = 20) -> Iterator[dict[str, Any]]:
        """Up to `limit` deliveries, newest first."""
        return answers.pages(self._request, "/v1/webhook-deliveries", "deliveries", limit, {"status": status})

    def delivery(self, event_id: str) -> dict[str, Any]:
        """A delivery and its log."""
        return self._request("GET", f"/v1/webhook-deliveries/{event_id}")

    def replay(self, event_id: str) -> dict[str, Any]:
        """Send an event once more."""
        return self._request("POST", f"/v1/webhook-deliveries/{event_id}/replay")

    def replay_many(self, status: str, *, since: str | None = None, until: str | None = None) -> int:
        """Send once more what is in a status, of events from `since` to before `until`; returns how many."""
        wanted = {"status": status, "since": since, "until": until}
        body = {name: value for name, value in wanted.items() if value is not None}
        count = 0
        while True:
            page = self._request("POST", "/v1/webhook-deliveries/replay", json=body)
            count += int(page["replayed"])
            if not page["more"]:
                return count

    def endpoints(self) -> Iterator[dict[str, Any]]:
        """Every webhook endpoint, newest first."""
        cursor: str | None = None
        while True:
            params = {"limit": 100, **({"cursor": cursor} if cursor else {})}
            page = self._request("GET", "/v1/webhook-endpoints", params=params)
            yield from page["endpoints"]
            if (cursor := page["next_cursor"]) is None:
                return

    def endpoint(self, endpoint_id: str) -> dict[str, Any]:
        """A webhook endpoint, without its secret."""
        return self._request("GET", f"/v1/webhook-endpoints/{endpoint_id}")

    def add_endpoint(
        self, url: str, *, event_types: Sequence[str] | None = None, description: str | None = None
    ) -> dict[str, Any]:
        """Register a webhook endpoint, for every event unless types are named. Its `secret` is shown this once."""
        wanted = {"url": url, "event_types": event_types and [*event_types], "description": description}
        body = {name: value for name, value in wanted.items() if value is not None}
        return self._request("POST", "/v1/webhook-endpoints", json=body)

    def change_endpoint(self, endpoint_id: str, **changes: Any) -> dict[str, Any]:
        """Change `url`, `event_types`, `enabled` or `description` of a webhook endpoint."""
        return self._request("PATCH", f"/v1/webhook-endpoints/{endpoint_id}", json=changes)

    def rotate_endpoint_secret(self, endpoint_id: str, *, grace_s: float | None = None) -> dict[str, Any]:
        """Replace the secret, shown this once; the one before signs as well for `grace_s` seconds: a day."""
        body = {} if grace_s is None else {"grace_s": grace_s}
        return self._request("POST", f"/v1/webhook-endpoints/{endpoint_id}/rotate-secret", json=body)

    def test_endpoint(self, endpoint_id: str) -> dict[str, Any]:
        """Send a test event to a webhook endpoint; returns its delivery, to be followed."""
        return self._request("POST", f"/v1/webhook-endpoints/{endpoint_id}/test")

    def remove_endpoint(self, endpoint_id: str) -> None:
        """Remove a webhook endpoint."""
        self._request("DELETE", f"/v1/webhook-endpoints/{endpoint_id}")

    def packs(self) -> list[dict[str, Any]]:
        """The packs the deployment runs."""
        return list(self._request("GET", "/v1/packs")["packs"])

    def datasets(self) -> list[dict[str, Any]]:
        """The imported data sets, which evaluation runs may be asked for."""
        return list(self._request("GET", "/v1/datasets")["datasets"])

    def me(self) -> dict[str, Any]:
        """The key that is used, its scopes and limits, and what is left of them."""
        return self._request("GET", "/v1/me")

    def system(self) -> dict[str, Any]:
        """What the deployment runs and how it stands; `deployment` is for operators, None for other keys."""
        return self._request("GET", "/v1/system")

    def _request(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        return answers.read(self._send(method, path, **arguments), self._foreign)

    def _foreign(self, why: str) -> ApiForeign:
        return ApiForeign(f"what answers at {self._url} is not this API: {why}; LIKENESS_API_URL names where it is")

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        with self._answering():
            response = self._http.request(method, path, **arguments)
        if response.is_error:
            raise ApiRefused(answers.problem(response))
        return response

    @contextmanager
    def _stream(self, method: str, path: str, **arguments: Any) -> Iterator[httpx.Response]:
        with self._answering(), self._http.stream(method, path, **arguments) as response:
            if response.is_error:
                response.read()
                raise ApiRefused(answers.problem(response))
            yield response

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except httpx.ReadTimeout as error:
            raise ApiSilent(
                f"the API at {self._url} takes requests but does not answer: it, or a proxy before it, hangs"
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ApiUnreachable(
                f"no API answers at {self._url} ({error}): start a local one with `make up`, or set LIKENESS_API_URL"
            ) from error


class _Calls:
    """A client's calls, for its parts."""

    def __init__(self, client: Client) -> None:
        self.request = client._request
        self.submitted = client._submitted
        self._send = client._send
        self.stream = client._stream

    def text(self, path: str, **arguments: Any) -> str:
        return self._send("GET", path, **arguments).text
