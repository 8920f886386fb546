"""GIFs and BMPs that are not of the size they say."""

import struct
from random import Random

from tests.hostile.corpus.honest import whole
from tests.hostile.corpus.sizes import LARGEST, SIZES


def bitmaps(rng: Random) -> bytes:
    """GIFs and BMPs of other sizes than they say, run lengths that stand still, frames without end."""
    if rng.random() < 0.5:
        body = bytearray(whole()[rng.choice(["GIF", "animated GIF"])])
        place = rng.choice([6, 8, 10, 11, 12, body.index(b",", 13) + rng.choice([1, 3, 5, 7, 9, 10])])
        body[place : place + 2] = (rng.choice(SIZES) & 0xFFFF).to_bytes(2, "little")
        if rng.random() < 0.2:
            body[-1:] = rng.choice([b"!\xfe\1a\0", b"!\xf9\4\0\0\0\0\0", b"\1a", b""]) * rng.choice([1, 1000, 10**6])
        return bytes(body)
    bits, packed = rng.choice([(1, 0), (4, 2), (8, 1), (8, 0), (16, 3), (24, 0), (32, 3), (32, 6), (24, 4), (7, 9)])
    width, height = (rng.choice([1, 16, 6000, 2**31 - 1]) for _ in range(2))
    header_bytes = rng.choice([40, 40, 12, 108, 124, 2**32 - 1])
    colours = rng.choice([0, 2, 256, 2**31])
    sides = (width, rng.choice([-1, 1]) * height)
    header = struct.pack("<IiiHHIIiiII", header_bytes, *sides, 1, bits, packed, 0, 0, 0, colours, 0)
    start = rng.choice([54, 54 + 1024, 0, 2**31])
    runs = rng.choice([b"\0\0", b"\0\2\0\0", b"\1\7", b"\xff\7", b"\0\3abc\0", rng.randbytes(1000)])
    many = rng.choice([1, 1000, LARGEST // 8 // len(runs)])
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, start) + header + bytes(1024) + runs * many
