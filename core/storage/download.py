"""One file over HTTP: resumed where it broke off, bounded retries, never under its name before its digest matches."""

from collections.abc import Callable
from pathlib import Path

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from core.errors import DownloadFailed
from core.outages import passes
from core.storage.digest import mismatch, sha256_of

# Bytes done and bytes in all (None where the server does not say), for the file that is under way.
Progress = Callable[[int, int | None], None]

ATTEMPTS = 5
BACKOFF_S = 0.5
TIMEOUT_S = 30.0
CHUNK_BYTES = 1 << 16
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class Undeliverable(DownloadFailed):
    """Asked again, the server would give the same answer."""

    retryable = False


def no_progress(done_bytes: int, total_bytes: int | None) -> None:
    """Tell nobody."""


def download(
    url: str,
    destination: Path,
    *,
    sha256: str,
    progress: Progress = no_progress,
    attempts: int = ATTEMPTS,
    backoff_s: float = BACKOFF_S,
) -> None:
    """Raise DownloadFailed with the last reason. What has arrived stays in `.part` for the next call to resume."""
    trying = Retrying(
        retry=retry_if_exception(passes),
        stop=stop_after_attempt(attempts),
        wait=wait_exponential(multiplier=backoff_s),
        reraise=True,
    )
    with httpx.Client(follow_redirects=True, timeout=TIMEOUT_S) as client:
        trying(_attempt, client, url, destination, sha256, progress)


def _attempt(client: httpx.Client, url: str, destination: Path, sha256: str, progress: Progress) -> None:
    part = destination.with_name(destination.name + ".part")
    resumed = part.exists()
    try:
        _receive(client, url, part, progress)
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        failure = DownloadFailed if status in TRY_AGAIN else Undeliverable
        raise failure(f"{url}: the server answered {status}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DownloadFailed(f"{url}: {str(error) or type(error).__name__}") from error
    actual = sha256_of(part)
    if actual != sha256:
        part.unlink()
        # A whole download of the wrong bytes: the next one will be no better.
        failure = DownloadFailed if resumed else Undeliverable
        raise failure(f"{url}: {mismatch(destination.name, sha256, actual)}")
    part.replace(destination)


def _receive(client: httpx.Client, url: str, part: Path, progress: Progress) -> None:
    done = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    if done:
        headers["Range"] = f"bytes={done}-"
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # nothing is left to fetch: the digest tells whether that is the file
        response.raise_for_status()
        if not _continues(response, done):
            done = 0
        total = done + int(response.headers["Content-Length"]) if "Content-Length" in response.headers else None
        with part.open("ab" if done else "wb") as stream:
            progress(done, total)
            for chunk in response.iter_raw(CHUNK_BYTES):
                stream.write(chunk)
                done += len(chunk)
                progress(done, total)


def _continues(response: httpx.Response, done: int) -> bool:
    """A server without ranges answers 200 and sends everything again."""
    unit, _, span = response.headers.get("Content-Range", "").partition(" ")
    return response.status_code == httpx.codes.PARTIAL_CONTENT and unit == "bytes" and span.startswith(f"{done}-")
