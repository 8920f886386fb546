"""LFW from where it is published, by checksum. The other benchmarks can only be had from their owners, by hand."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from core.errors import DownloadFailed

# Bytes done and bytes in all (None where the server does not say), for the file that is under way.
Progress = Callable[[int, int | None], None]

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Published:
    """A file, its source and its digest."""

    name: str
    url: str
    sha256: str


# The addresses and digests that scikit-learn's fetch_lfw_pairs documents. The published images are funneled; the
# deep-funneled ones are another alignment of the same photographs, hence another data set with another digest.
LFW = (
    Published(
        "lfw-funneled.tgz",
        "https://ndownloader.figshare.com/files/5976015",
        "b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a",
    ),
    Published(
        "pairs.txt",
        "https://ndownloader.figshare.com/files/5976006",
        "ea42330c62c92989f9d7c03237ed5d591365e89b3e649747777b70e692dc1592",
    ),
)


def no_progress(done_bytes: int, total_bytes: int | None) -> None:
    """Tell nobody."""


def fetch_lfw(directory: Path, *, files: Sequence[Published] = LFW, progress: Progress = no_progress) -> list[Path]:
    """The archive and the pair list in `directory`; what is there and right stays. Raise DownloadFailed."""
    directory.mkdir(parents=True, exist_ok=True)
    with httpx.Client(follow_redirects=True, timeout=TIMEOUT_S) as client:
        return [_fetch(client, file, directory / file.name, progress) for file in files]


def _fetch(client: httpx.Client, file: Published, destination: Path, progress: Progress) -> Path:
    """A file bears its name only once its digest matches."""
    if destination.is_file() and _sha256(destination) == file.sha256:
        return destination
    part = destination.with_name(f"{destination.name}.part")
    try:
        _receive(client, file.url, part, progress)
        if (actual := _sha256(part)) != file.sha256:
            raise DownloadFailed(f"{file.url}: {file.name} has SHA-256 {actual}, expected {file.sha256}")
        part.replace(destination)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DownloadFailed(f"{file.url}: {error or type(error).__name__}") from error
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
    return destination


def _receive(client: httpx.Client, url: str, part: Path, progress: Progress) -> None:
    with client.stream("GET", url) as response, part.open("wb") as file:
        response.raise_for_status()
        length = response.headers.get("Content-Length")
        for chunk in response.iter_bytes():
            file.write(chunk)
            progress(response.num_bytes_downloaded, int(length) if length else None)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
