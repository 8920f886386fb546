"""WebPs whose chunks and headers are not as they should be."""

import struct
from collections.abc import Iterable
from random import Random

from tests.hostile.corpus.honest import whole
from tests.hostile.corpus.sizes import LARGEST, SIZES


def riff(chunks: Iterable[tuple[bytes, bytes]], *, size: int | None = None) -> bytes:
    body = b"WEBP" + b"".join(k + struct.pack("<I", len(d)) + d + b"\0" * (len(d) % 2) for k, d in chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def webp_chunks(rng: Random) -> bytes:
    """A canvas that is absurd or another than the image's, frames beside it, alpha of nothing, very many chunks."""

    def three(value: int) -> bytes:
        return (value & 0xFFFFFF).to_bytes(3, "little")

    sizes = [rng.choice([*SIZES, 95, 63, 6299]) for _ in range(6)]
    picked = whole()[rng.choice(["lossless WebP", "WebP"])]
    at = picked.find(b"VP8L") if b"VP8L" in picked else picked.find(b"VP8 ")
    pixels = picked[at : at + 4], picked[at + 8 :]
    canvas = (b"VP8X", bytes([rng.randrange(256), 0, 0, 0]) + three(sizes[0]) + three(sizes[1]))
    frame = b"".join(map(three, sizes[2:])) + three(10) + bytes([rng.randrange(4)])
    moving = (b"ANMF", frame + pixels[0] + struct.pack("<I", len(pixels[1])) + pixels[1])
    many = rng.choice([0, 1, 2, 200])
    bulk = (rng.choice([b"ICCP", b"EXIF", b"XMP ", b"abcd"]), bytes(rng.choice([0, 1, 100_000])))
    extra = [bulk] * min(rng.choice([0, 1, 100, 10**5]), LARGEST // (len(bulk[1]) + 8))
    parts = [canvas, *extra, (b"ANIM", bytes(6)), *[moving] * many, (b"ALPH", rng.randbytes(9)), pixels]
    if rng.random() < 0.5:
        rng.shuffle(parts)
    return riff(parts, size=rng.choice([None, None, 0, 2**32 - 2]))


def webp_header(rng: Random) -> bytes:
    """Sizes in the three kinds of WebP that are not those of the pixels."""
    body = bytearray(an_honest := whole()[rng.choice(["WebP", "lossless WebP", "WebP with alpha", "animated WebP"])])
    at = max(an_honest.find(name) for name in (b"VP8X", b"VP8L", b"VP8 ")) + 8 + rng.randrange(11)
    body[at : at + 4] = rng.choice(SIZES).to_bytes(4, "little")
    return bytes(body)
