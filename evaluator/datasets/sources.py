"""Where the images lie: a directory, a tar archive however compressed, or a zip. Nothing is ever unpacked to disk."""

import hashlib
import os
import tarfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from lzma import LZMAError
from pathlib import Path
from typing import Protocol

from core.reasons import reason_of
from evaluator.datasets.faults import DatasetInvalid, Fault

MAX_MEMBER_BYTES = 32 * 2**20
#: Of what a tar says of a member beside the 512 bytes of its header: a long name, pax records. They are read whole.
MAX_HEADER_BYTES = 64 * 2**10

# A file's path inside its archive, its size, and how to read it; to be read before the next is asked for.
Member = tuple[str, int, Callable[[], bytes]]


class ImageSource(Protocol):
    """Somewhere images come from."""

    @property
    def name(self) -> str:
        """What faults call it."""
        ...

    def images(self, wanted: Collection[str]) -> Iterator[tuple[str, bytes | Fault]]:
        """Each wanted image that is there, once, in any order, or what is wrong with it.

        Raise DatasetInvalid when the source cannot be read to its end.
        """
        ...


@dataclass(frozen=True, slots=True)
class Archive:
    """The files under `path`. An id matches the end of a file's path: `Name/Name_0001.jpg` is found in any folder.

    `under` names a folder that the path must contain, for archives that hold an image in several forms.
    Links in archives, and links that lead out of a directory, are not followed: such an image is missing.
    """

    path: Path
    under: str = ""
    max_member_bytes: int = MAX_MEMBER_BYTES

    @property
    def name(self) -> str:
        """The file's or directory's own name."""
        return self.path.name or str(self.path)

    def images(self, wanted: Collection[str]) -> Iterator[tuple[str, bytes | Fault]]:
        """One pass over the archive, from its beginning to its end."""
        ids_by_file_name: dict[str, list[str]] = defaultdict(list)
        for image_id in wanted:
            ids_by_file_name[image_id.rpartition("/")[2]].append(image_id)
        seen: dict[str, tuple[str, bytes]] = {}
        try:
            for path, size, read in self._members():
                ids = [i for i in ids_by_file_name.get(path.rpartition("/")[2], ()) if f"/{path}".endswith(f"/{i}")]
                if not ids or not self._is_under(path):
                    continue
                body = read() if size <= self.max_member_bytes else b""
                digest = hashlib.sha256(body).digest()
                for image_id in ids:
                    if not body:
                        what = f"{path} must have 1 to {self.max_member_bytes} bytes; found {size}"
                        yield image_id, Fault(self.name, None, what)
                    elif image_id not in seen:
                        seen[image_id] = (path, digest)
                        yield image_id, body
                    elif seen[image_id][1] != digest:
                        what = f"{path} and {seen[image_id][0]} differ and both match {image_id}; name the folder"
                        yield image_id, Fault(self.name, None, what)
        except _UNREADABLE as error:
            what = f"cannot be read: {reason_of(error)}"
            raise DatasetInvalid([Fault(self.name, None, what)]) from error

    def _members(self) -> Iterator[Member]:
        if self.path.is_dir():
            return _directory(self.path.resolve())
        return _zip(self.path) if zipfile.is_zipfile(self.path) else _tar(self.path)

    def _is_under(self, path: str) -> bool:
        folder = self.under.strip("/")
        return ".." not in path.split("/") and (not folder or f"/{folder}/" in f"/{path}")


# A zip says RuntimeError for a password and NotImplementedError for a compression it does not know.
_UNREADABLE = (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error, LZMAError, RuntimeError)


def _directory(root: Path) -> Iterator[Member]:
    for folder, folders, files in os.walk(root):
        folders.sort()
        for path in (Path(folder) / file for file in sorted(files)):
            if path.is_file() and path.resolve().is_relative_to(root):
                yield path.relative_to(root).as_posix(), path.stat().st_size, path.read_bytes


class HeaderRefused(tarfile.TarError):
    """A tar's header asks for more than it should. No ReadError: that one has tarfile try another compression."""


class _Header(tarfile.TarInfo):
    """A header that costs no more memory than it is worth; 800 kB of a compressed long name used to take 1.7 GB."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        """Every header passes here before what belongs to it is read: where tarfile says subclasses may come between.

        `frombuf`, which is public, is not asked by Python 3.14. Raise HeaderRefused.
        """
        if self.type in _EXTENDING and self.size > MAX_HEADER_BYTES:
            raise HeaderRefused(
                f"a header of {self.size} bytes before {self.name!r:.60}; at most {MAX_HEADER_BYTES} are read"
            )
        if self.type == tarfile.GNUTYPE_SPARSE:
            raise HeaderRefused(f"{self.name!r:.60} is a sparse file; pack it anew without --sparse")
        member: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        return member

    def _proc_gnusparse_10(self, member: tarfile.TarInfo, *_: object) -> None:
        """A sparse file of pax has its map, of any length, where others have their content."""
        raise HeaderRefused(f"{member.name!r:.60} is a sparse file; pack it anew without --sparse")


_EXTENDING = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


def _tar(path: Path) -> Iterator[Member]:
    """In the order of the archive, so that a compressed one is read once."""
    with tarfile.open(path, tarinfo=_Header) as tar:
        while (member := tar.next()) is not None:
            tar.members.clear()  # type: ignore[attr-defined]  # it would keep every header to the end
            if member.isreg():
                yield member.name, member.size, partial(_extracted, tar, member)
        while tar.fileobj and tar.fileobj.read(2**20):
            pass  # a compressed file's checksum comes at its end


def _extracted(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file is not None  # it is a regular file
    return file.read()


def _zip(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            is_link = member.external_attr >> 28 == 0o12
            if not member.is_dir() and not is_link:
                yield member.filename, member.file_size, partial(archive.read, member)
