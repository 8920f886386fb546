"""Archives from package indexes and releases: fetched, checked, single members taken out; their code never runs."""

import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from core.errors import DownloadFailed
from core.packs.catalogue import PackFile
from core.reasons import reason_of
from core.storage.digest import mismatch, sha256_of

PIP_TIMEOUT_S = 600
MAX_MEMBER_BYTES = 1 << 30


def pip_download(requirement: str, sha256: str, destination: Path, *, wheel: bool = True) -> Path:
    """Let pip fetch one archive, so that the user's own index, proxy and cache settings apply.

    pip compares the archive with its digest first. That matters for a source distribution (`wheel=False`): pip has
    no way to save one without running its `setup.py egg_info`, so what runs is the pinned code or nothing.
    """
    package = requirement.partition("==")[0]
    form = ["--only-binary", ":all:"] if wheel else ["--no-binary", package]
    with tempfile.TemporaryDirectory() as scratch:
        pinned = Path(scratch) / "requirements.txt"
        pinned.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", *form]
        command += ["--disable-pip-version-check", "--quiet", "--dest", str(destination), "-r", str(pinned)]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            raise DownloadFailed(f"pip download {requirement}: no end after {PIP_TIMEOUT_S} s") from None
    if ran.returncode:
        raise DownloadFailed(f"pip download {requirement}: {_reason(ran.stderr)}")
    (archive,) = (path for path in destination.glob("*.*") if path.is_file() and sha256_of(path) == sha256)
    return archive


def take_from_zip(archive: Path, wanted: Iterable[PackFile], destination: Path) -> None:
    """Copy the wanted files, found by their base name, and check each; all other members stay inside."""
    try:
        with zipfile.ZipFile(archive) as members:
            _refuse_escapes(archive, members.namelist())
            for file in wanted:
                _take(members, file, destination)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise DownloadFailed(f"{archive.name} cannot be unpacked: {reason_of(error)}") from error


def _take(members: zipfile.ZipFile, file: PackFile, destination: Path) -> None:
    matches = [info for info in members.infolist() if PurePosixPath(info.filename).name == file.name]
    if len(matches) != 1:
        raise DownloadFailed(f"{members.filename} has {len(matches)} files named {file.name}")
    if matches[0].file_size > MAX_MEMBER_BYTES:
        raise DownloadFailed(f"{file.name} would have {matches[0].file_size} bytes; at most {MAX_MEMBER_BYTES}")
    target = destination / file.name
    with members.open(matches[0]) as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    if (actual := sha256_of(target)) != file.sha256:
        target.unlink()
        raise DownloadFailed(mismatch(file.name, file.sha256, actual))


def _refuse_escapes(archive: Path, names: Iterable[str]) -> None:
    for name in names:
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise DownloadFailed(f"{archive.name} is refused: its member {name!r} points outside of it")


def _reason(stderr: str) -> str:
    """pip's last error, after its first warning: without a network it says "No matching distribution found" alone."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    warnings = [line for line in lines if line.startswith("WARNING:")]
    errors = [line for line in lines if line.startswith("ERROR:")] or lines
    return "; ".join([*warnings[:1], *errors[-1:]]) or "no reason given"
