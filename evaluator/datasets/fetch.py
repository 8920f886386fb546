"""LFW from where it is published, by checksum. The other benchmarks can only be had from their owners, by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.storage.digest import sha256_of
from core.storage.download import ATTEMPTS, Progress, download, no_progress


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


def fetch_lfw(
    directory: Path,
    *,
    files: Sequence[Published] = LFW,
    progress: Progress = no_progress,
    attempts: int = ATTEMPTS,
) -> list[Path]:
    """The archive and the pair list in `directory`; what is there and right stays. Raise DownloadFailed."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in files:
        destination = directory / file.name
        if not (destination.is_file() and sha256_of(destination) == file.sha256):
            download(file.url, destination, sha256=file.sha256, progress=progress, attempts=attempts)
    return [directory / file.name for file in files]
