"""HEIC and AVIF whose boxes are not as they should be."""

import functools
import struct
from random import Random

from PIL import Image

from tests.hostile.corpus.honest import encode, whole
from tests.hostile.corpus.sizes import SIZES


def containers(rng: Random) -> bytes:
    """HEIC and AVIF whose boxes say what is not so: sizes, items, properties, references, places, codecs."""
    body = bytearray(
        whole()[rng.choice(["AVIF", "AVIF with alpha", "animated AVIF", "HEIC", "HEIC of tiles", "HEICs"])]
    )
    for _ in range(rng.randint(1, 4)):
        box = rng.choice(
            [b"ispe", b"ipma", b"iinf", b"infe", b"iref", b"dimg", b"iloc", b"pitm", b"hvcC", b"av1C", b"meta"]
        )
        at = body.find(box)
        if at < 0:
            continue
        place = at + rng.choice([-4, 0, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20])
        number = rng.choice([*SIZES, 3, 8000, rng.randrange(2**32)])
        width = rng.choice([1, 2, 4])
        body[place : place + width] = (number & (2 ** (8 * width) - 1)).to_bytes(width, "big")
    if rng.random() < 0.1:
        body += rng.choice([b"\0\0\0\x08free", b"\0\0\0\1"]) * rng.choice([10, 5000, 10**6])
    return bytes(body)


@functools.cache
def _large_within(kind: str) -> bytes:
    return encode(Image.new("RGB", (3000, 2000), (90, 60, 200)), kind, quality=30)


def hidden_sizes(rng: Random) -> bytes:
    """A image that is declared with fewer pixels, or more, than are coded."""
    body = _large_within(rng.choice(["AVIF", "HEIF"]))
    at = body.index(b"ispe") + 8
    width, height = (rng.choice([1, 64, 2000, 2999, 3000, 6000, 16_000]) for _ in range(2))
    return body[:at] + struct.pack(">II", width, height) + body[at + 8 :]
