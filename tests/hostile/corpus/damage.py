"""Images of any format that are cut, altered, mixed, or no images at all."""

from random import Random

from tests.hostile.corpus.honest import an_honest_one, encode, plain_image
from tests.hostile.corpus.jpeg import segment
from tests.hostile.corpus.sizes import SIZES


def boundaries(body: bytes) -> list[int]:
    """Where a segment or chunk begins, as far as the structure can be followed."""
    if body[4:8] == b"ftyp":
        kinds = (b"meta", b"iinf", b"infe", b"iprp", b"ipco", b"ipma", b"iref", b"iloc", b"pitm", b"ispe", b"mdat")
        return sorted({0, len(body), *(max(body.find(kind) - 4, 0) for kind in kinds)})
    found, at = [0], {b"\xff\xd8": 2, b"\x89P": 8, b"RI": 12}.get(body[:2], len(body))
    if at == len(body):  # a GIF, BMP or TIFF
        return [0, 6, 8, 13, min(54, len(body)), len(body)]
    while at + 12 < len(body):
        found.append(at)
        if body[:2] == b"\xff\xd8":
            if body[at] != 0xFF or body[at + 1] == 0xDA:
                break
            at += 2 + int.from_bytes(body[at + 2 : at + 4])
        elif body[:2] == b"RI":
            size = int.from_bytes(body[at + 4 : at + 8], "little")
            at += 8 + size + size % 2
        else:
            at += 12 + int.from_bytes(body[at : at + 4])
    return [*found, len(body)]


def truncated(rng: Random) -> bytes:
    body = an_honest_one(rng)
    at = rng.choice(boundaries(body)) + rng.randint(-2, 13) if rng.random() < 0.7 else rng.randrange(len(body))
    return body[: max(at, 1)]


def bits_flipped(rng: Random) -> bytes:
    body = bytearray(an_honest_one(rng))
    for _ in range(rng.choice([1, 1, 2, 4, 16, 64])):
        body[int(rng.random() ** 3 * len(body))] ^= 1 << rng.randrange(8)
    return bytes(body)


def spliced(rng: Random) -> bytes:
    """Parts taken out, doubled, or overwritten with numbers that parsers trip over."""
    body = an_honest_one(rng)
    for _ in range(rng.randint(1, 6)):
        at = int(rng.random() ** 2 * len(body))
        length = rng.choice([1, 2, 4, 8, 64, 1000])
        number = rng.choice(SIZES).to_bytes(4, rng.choice(["big", "little"]))
        part = rng.choice([b"", body[at : at + length] * 2, number, rng.randbytes(length), bytes(length)])
        body = body[:at] + part + body[at + length :]
    return body


def crossed(rng: Random) -> bytes:
    """The beginning of one image and the rest of another."""
    one, other = an_honest_one(rng), an_honest_one(rng)
    return one[: rng.choice(boundaries(one))] + other[rng.choice(boundaries(other)) :]


def noise_after_magic(rng: Random) -> bytes:
    magic = [
        b"",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"RIFF\xff\0\0\0WEBPVP8 ",
        b"RIFF\0\0\0\0WEBPVP8L",
        b"GIF89a",
        b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"\0\0\0\x10ftypheic\0\0\0\0",
        b"\0\0\0\x10ftypavif\0\0\0\0\0\0\1\0meta\0\0\0\0",
    ]
    return rng.choice(magic) + rng.randbytes(rng.choice([0, 1, 20, 300, 20_000]))


def other_formats(rng: Random) -> bytes:
    """What the imaging libraries also read; the sender may call it what he likes."""
    made = rng.choice(["ICO", "PPM", "JPEG2000", "TGA", "PCX", "SGI", "DDS"])
    drawn = [
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        b"%PDF-1.7\n1 0 obj\n<< >>",
        b"\0\0\0\x20ftypavif\0\0\0\0avifmif1",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file",
        b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 9 +X 9\n",
        b"push graphic-context\nimage over 0,0 0,0 'https://example.org/'\n",
    ]
    return encode(plain_image().convert("RGB"), made) if rng.random() < 0.6 else rng.choice(drawn)


def polyglot(rng: Random) -> bytes:
    archive = b"PK\3\4" + bytes(26) + b"x" + b"PK\1\2" + bytes(42) + b"x" + b"PK\5\6" + bytes(18)
    page = b"<html><script>alert(1)</script></html>"
    other = rng.choice([archive, page, b"%PDF-1.4\n", b"GIF89a/*", b"#!/bin/sh\nid\n", b"MZ" + bytes(60)])
    body = an_honest_one(rng)
    if body.startswith(b"\xff\xd8") and rng.random() < 0.5:
        return body[:2] + segment(0xFE, other) + body[2:]
    return rng.choice([body + other, other + body, body + other + an_honest_one(rng)])
