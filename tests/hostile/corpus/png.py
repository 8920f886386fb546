"""PNGs whose chunks and headers are not as they should be."""

import functools
import struct
import zlib
from random import Random

from tests.hostile.corpus.damage import boundaries
from tests.hostile.corpus.honest import whole
from tests.hostile.corpus.sizes import LARGEST, SIZES


def chunk(kind: bytes, data: bytes, *, crc: int | None = None) -> bytes:
    return (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) if crc is None else crc)
    )


@functools.cache
def bomb(size: int) -> bytes:
    return zlib.compress(bytes(size), 9)


def png_chunks(rng: Random) -> bytes:
    """Text and profiles that unpack to gigabytes, doubled and misplaced chunks, lengths that are not true."""
    body = whole()[rng.choice(["PNG", "palette PNG", "animated PNG", "16-bit PNG"])]
    packed = bomb(rng.choice([100, 100_000, 7_900_000, 50_000_000]))
    one = rng.choice(
        [
            chunk(b"zTXt", b"a\0\0" + packed),
            chunk(b"iTXt", b"a\0\1\0\0\0" + packed),
            chunk(b"iCCP", b"a\0\0" + packed),
            chunk(b"tEXt", b"Comment\0" + bytes(rng.choice([0, 60, 70_000]))),
            chunk(b"eXIf", rng.choice([b"II*\0", b"MM\0*"]) + rng.randbytes(60)),
            chunk(b"teSt", b""),
            chunk(b"PLTE", rng.randbytes(rng.choice([0, 1, 3, 768, 771]))),
            chunk(b"tRNS", rng.randbytes(rng.choice([0, 1, 2, 6, 256, 300]))),
            chunk(b"IDAT", bomb(7_900_000)),
            chunk(b"IEND", b""),
            chunk(b"acTL", struct.pack(">II", rng.choice(SIZES), 0)),
            chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, *(rng.choice(SIZES) for _ in range(4)), 1, 1, 0, 0)),
            chunk(b"fdAT", struct.pack(">I", rng.choice(SIZES)) + packed[:1000]),
            chunk(b"sBIT", rng.randbytes(4), crc=0),
            struct.pack(">I", rng.choice(SIZES)) + b"zTXt" + packed[:100],
        ]
    )
    at = rng.choice(boundaries(body)[1:])
    return body[:at] + one * min(rng.choice([1, 1, 2, 30, 10**6]), max(1, LARGEST // len(one))) + body[at:]


def png_header(rng: Random) -> bytes:
    """Sizes, depths and colour types that cannot be or that nobody can pay for."""
    width, height = (rng.choice([*SIZES, 96, 64, 6300]) for _ in range(2))
    kinds = [rng.choice([0, 1, 2, 4, 8, 16, 17]), rng.choice([0, 1, 2, 3, 4, 6, 7]), 0, 0, rng.choice([0, 1, 2])]
    header = struct.pack(">II", width, height) + bytes(kinds)
    pixels = bomb(rng.choice([0, 100, 100_000, 7_900_000, 50_000_000]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
