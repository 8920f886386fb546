"""A shard: a plain tar of some images, the same bytes whenever it holds the same images."""

import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """Where a shard lies, its digest, and which images it holds, in its order."""

    key: str
    sha256: str
    image_ids: tuple[str, ...]


def pack(images: Iterable[tuple[str, bytes]]) -> bytes:
    """No times, no owners, no compression."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8") as tar:
        for image_id, body in images:
            member = tarfile.TarInfo(image_id)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return packed.getvalue()


def unpack(packed: bytes) -> list[tuple[str, bytes]]:
    """What `pack` packed."""
    images = []
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:", encoding="utf-8") as tar:
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None  # a shard holds regular files only
            images.append((member.name, file.read()))
    return images
