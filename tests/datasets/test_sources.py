import gzip
import io
import os
import stat
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evaluator.datasets import Archive, DatasetInvalid, Fault

FILES = {
    "lfw-deepfunneled/Ada/Ada_0001.jpg": b"ada one",
    "lfw-deepfunneled/Ada/Ada_0002.jpg": b"ada two",
    "lfw-deepfunneled/Ada/notes.txt": b"not wanted",
    "lfw-deepfunneled/Bo/Bo_0001.jpg": b"bo",
    "lfw-deepfunneled/McAda/Ada_0001.jpg": b"another's",
}
WANTED = {"Ada/Ada_0001.jpg", "Ada/Ada_0002.jpg", "Bo/Bo_0001.jpg", "Bo/Bo_0009.jpg"}
FOUND = [("Ada/Ada_0001.jpg", b"ada one"), ("Ada/Ada_0002.jpg", b"ada two"), ("Bo/Bo_0001.jpg", b"bo")]


def directory(path: Path, files: Mapping[str, bytes]) -> Path:
    for name, body in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(body)
    return path


def tar(path: Path, files: Mapping[str, bytes]) -> Path:
    mode: Any = "w:gz" if path.suffix == ".tgz" else f"w:{path.suffix[1:].removeprefix('tar')}"
    with tarfile.open(path, mode) as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return path


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return path


Writer = Callable[[Path, Mapping[str, bytes]], Path]
FORMS = [
    ("lfw", directory),
    ("lfw.tar", tar),
    ("lfw.tgz", tar),
    ("lfw.tar.gz", tar),
    ("lfw.tar.bz2", tar),
    ("lfw.tar.xz", tar),
    ("lfw.zip", zipped),
]


@pytest.mark.parametrize(("name", "write"), FORMS)
def test_the_form_of_the_archive_does_not_matter(tmp_path: Path, name: str, write: Writer) -> None:
    source = Archive(write(tmp_path / name, FILES))
    assert source.name == name
    assert sorted(source.images(WANTED)) == FOUND


def test_a_directory_without_a_name_is_called_as_it_was_given() -> None:
    assert Archive(Path()).name == "."


@pytest.mark.parametrize(("name", "write"), FORMS)
def test_two_files_for_one_image_are_a_fault_only_if_they_differ(tmp_path: Path, name: str, write: Writer) -> None:
    files = {"aligned images/a.jpg": b"crop", "images/a.jpg": b"photograph", "images/b.jpg": b"b", "more/b.jpg": b"b"}
    path = write(tmp_path / name, files)
    found = dict(Archive(path).images({"a.jpg", "b.jpg"}))
    assert found == {
        "a.jpg": Fault(
            name,
            None,
            "images/a.jpg and aligned images/a.jpg differ and both match a.jpg; name the folder",
        ),
        "b.jpg": b"b",
    }
    assert dict(Archive(path, under="images").images({"a.jpg"})) == {"a.jpg": b"photograph"}
    assert dict(Archive(path, under="/aligned images/").images({"a.jpg"})) == {"a.jpg": b"crop"}
    assert dict(Archive(path, under="aligned").images({"a.jpg"})) == {}


@pytest.mark.parametrize(("name", "write"), FORMS)
def test_an_empty_file_and_one_over_the_limit_are_faults(tmp_path: Path, name: str, write: Writer) -> None:
    source = Archive(write(tmp_path / name, {"x/a.jpg": b"12345", "x/b.jpg": b"1234", "x/c.jpg": b""}), "", 4)
    assert dict(source.images({"a.jpg", "b.jpg", "c.jpg"})) == {
        "a.jpg": Fault(name, None, "x/a.jpg must have 1 to 4 bytes; found 5"),
        "b.jpg": b"1234",
        "c.jpg": Fault(name, None, "x/c.jpg must have 1 to 4 bytes; found 0"),
    }


@pytest.mark.parametrize(("name", "write"), FORMS[1:])
def test_members_that_climb_out_are_not_looked_at(tmp_path: Path, name: str, write: Writer) -> None:
    assert list(Archive(write(tmp_path / name, {"../Ada/Ada_0001.jpg": b"x"})).images(WANTED)) == []


def test_links_in_a_tar_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    path = tmp_path / "links.tar"
    with tarfile.open(path, "w") as archive:
        for number, kind in enumerate((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE), 1):
            member = tarfile.TarInfo(f"Ada/Ada_{number:04d}.jpg")
            member.type = kind
            member.linkname = str(secret)
            archive.addfile(member)
    assert list(Archive(path).images({f"Ada/Ada_{n:04d}.jpg" for n in range(1, 5)})) == []


def test_links_in_a_zip_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "links.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("Ada/Ada_0001.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/hostname")
        archive.writestr("Ada/Ada_0002.jpg", b"two")
    assert list(Archive(path).images(WANTED)) == [("Ada/Ada_0002.jpg", b"two")]


def test_links_that_lead_out_of_a_directory_are_not_followed(tmp_path: Path) -> None:
    outside = directory(tmp_path / "outside", {"Bo/Bo_0001.jpg": b"outside", "secret": b"secret"})
    root = directory(tmp_path / "root", {"Ada/Ada_0001.jpg": b"one"})
    (root / "Ada" / "Ada_0002.jpg").symlink_to(outside / "secret")
    (root / "Bo").symlink_to(outside / "Bo")
    (root / "Bo_0009.jpg").symlink_to("Ada/Ada_0001.jpg")
    os.mkfifo(root / "Ada" / "Ada_0003.jpg")
    (tmp_path / "link").symlink_to(root)
    wanted = {*WANTED, "Ada/Ada_0003.jpg", "Bo_0009.jpg"}
    for path in (root, tmp_path / "link"):
        assert list(Archive(path).images(wanted)) == [("Bo_0009.jpg", b"one"), ("Ada/Ada_0001.jpg", b"one")]


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(lambda path: tar(path, FILES).read_bytes()[:-20], id="truncated gzip"),
        pytest.param(lambda path: tar(path, FILES).read_bytes()[:-1], id="gzip without its checksum"),
        pytest.param(lambda path: b"no archive at all", id="no archive"),
        pytest.param(lambda path: b"", id="empty"),
        pytest.param(lambda path: zipped(path, FILES).read_bytes()[:-40], id="truncated zip"),
        pytest.param(lambda path: zipped(path, FILES).read_bytes().replace(b"\x4b\x4c", b"\x00"), id="damaged zip"),
        pytest.param(lambda path: flipped(tar(path, FILES).read_bytes()), id="damaged gzip"),
    ],
)
def test_an_archive_that_cannot_be_read_to_its_end_is_a_fault(tmp_path: Path, damaged: Callable[[Path], bytes]) -> None:
    path = tmp_path / "lfw.tgz"
    path.write_bytes(damaged(path))
    with pytest.raises(DatasetInvalid, match=r"^lfw\.tgz: cannot be read: "):
        list(Archive(path).images(WANTED))


LONG = 16 * 2**20


def bomb(kind: bytes) -> bytes:
    """A tar whose first header says that so much belongs to it, and is followed by as much."""
    header = tarfile.TarInfo("Ada/Ada_0001.jpg")
    header.type, header.size = kind, LONG
    return header.tobuf(tarfile.GNU_FORMAT) + b"a" * LONG + bytes(1024)


def sparse_map() -> bytes:
    """A sparse file of pax 1.0 whose map has no end."""
    header = tarfile.TarInfo("Ada/Ada_0001.jpg")
    header.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    header.size = LONG
    return header.tobuf(tarfile.PAX_FORMAT) + b"1" * LONG + bytes(1024)


def old_sparse_map() -> bytes:
    """A sparse file of GNU's own form, whose map goes on from block to block."""
    header = tarfile.TarInfo("Ada/Ada_0001.jpg")
    header.type = tarfile.GNUTYPE_SPARSE
    return header.tobuf(tarfile.GNU_FORMAT) + b"1" * LONG


@pytest.mark.parametrize(
    ("body", "what"),
    [
        *((bomb(kind), f"a header of {LONG} bytes.*at most 65536 are read") for kind in (b"L", b"K", b"x", b"g", b"X")),
        (sparse_map(), "'Ada/Ada_0001.jpg' is a sparse file"),
        (old_sparse_map(), "'Ada/Ada_0001.jpg' is a sparse file"),
    ],
    ids=["long name", "long link", "pax", "global pax", "Solaris", "sparse", "GNU sparse"],
)
def test_a_header_that_asks_for_memory_does_not_get_it(tmp_path: Path, body: bytes, what: str) -> None:
    path = tmp_path / "lfw.tgz"
    path.write_bytes(gzip.compress(body, 1))
    tracemalloc.start()
    try:
        with pytest.raises(DatasetInvalid, match=rf"^lfw\.tgz: cannot be read: {what}"):
            list(Archive(path).images(WANTED))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < LONG / 8


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_names_that_are_merely_long_are_read(tmp_path: Path, form: int) -> None:
    image_id = f"{'n' * 200}/{'é' * 100}.jpg"
    path = tmp_path / "lfw.tar"
    with tarfile.open(path, "w", format=form) as archive:
        member = tarfile.TarInfo(f"lfw/{image_id}")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"ada"))
    assert dict(Archive(path).images({image_id})) == {image_id: b"ada"}


def flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes(byte ^ 0xFF for byte in body[middle : middle + 8]) + body[middle + 8 :]


def test_a_locked_zip_is_a_fault(tmp_path: Path) -> None:
    path = zipped(tmp_path / "lfw.zip", FILES)
    body = bytearray(path.read_bytes())
    central = body.index(b"PK\x01\x02")
    body[6] |= 1
    body[central + 8] |= 1
    path.write_bytes(body)
    with pytest.raises(DatasetInvalid, match=r"lfw\.zip: cannot be read: .*encrypted"):
        list(Archive(path).images(WANTED))


def test_an_archive_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match=r"none\.tgz: cannot be read: .*No such file"):
        list(Archive(tmp_path / "none.tgz").images(WANTED))
