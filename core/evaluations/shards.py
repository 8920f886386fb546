"""A shard: a plain tar of some images, the same bytes whenever it holds the same images."""

import io
import tarfile
from collections.abc import Iterable, Iterator


def write_shard(images: Iterable[tuple[str, bytes]]) -> bytes:
    """Image ids and bytes, in this order. No times, no owners, no compression."""
    shard = io.BytesIO()
    with tarfile.open(fileobj=shard, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8") as tar:
        for image_id, body in images:
            member = tarfile.TarInfo(image_id)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return shard.getvalue()


def read_shard(shard: bytes) -> Iterator[tuple[str, bytes]]:
    """What `write_shard` wrote, one image at a time."""
    with tarfile.open(fileobj=io.BytesIO(shard), mode="r:", encoding="utf-8") as tar:
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None  # a shard holds regular files only
            yield member.name, file.read()
