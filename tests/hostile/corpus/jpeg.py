"""JPEGs whose segments, frames and scans are not as they should be."""

import functools
import struct
from random import Random

from PIL import Image

from tests.hostile.corpus.honest import encode, whole
from tests.hostile.corpus.sizes import LARGEST, SIZES


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg_metadata(rng: Random) -> bytes:
    """Up to ten megabytes of it, in segments of every size; before the frame, after it, between the scans."""
    body = whole()[rng.choice(["JPEG", "progressive JPEG", "MPO"])]
    marker, head = rng.choice(
        [
            (0xFE, b""),
            (0xE1, b"Exif\0\0II*\0\x08\0\0\0"),
            (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>"),
            (0xE1, b"http://ns.adobe.com/xmp/extension/\0"),
            (0xE2, b"ICC_PROFILE\0\1\xff"),
            (0xE2, b"MPF\0II*\0\x08\0\0\0"),
            (0xED, b"Photoshop 3.0\x008BIM"),
            (0xDB, b""),
            (0xC4, b""),
            (0xDD, b"\0\1"),
        ]
    )
    one = segment(marker, head + bytes(rng.choice([0, 0, 1, 60, 65_000 - len(head)])))
    total = rng.choice([1, 10, 300, LARGEST // len(one)])
    many = one * min(total, LARGEST // len(one))
    if rng.random() < 0.2:
        many = b"\xff" * rng.choice([2, 100, LARGEST])
    at = rng.choice([2, body.index(b"\xff\xda"), body.rindex(b"\xff\xd9")])
    return body[:at] + many + body[at:]


def jpeg_frames(rng: Random) -> bytes:
    """Frames the decoder has no code for, two frames, other sizes, other sampling, tables that are missing."""
    body = bytearray(whole()[rng.choice(["JPEG", "progressive JPEG", "CMYK JPEG", "JPEG with restarts"])])
    start = max(body.find(b"\xff\xc0"), body.find(b"\xff\xc2"))
    match rng.randrange(6):
        case 0:  # arithmetic, lossless, hierarchical
            body[start + 1] = rng.choice([0xC1, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xDE])
        case 1:
            body[start + 5 : start + 9] = struct.pack(">HH", *(rng.choice(SIZES) & 0xFFFF for _ in range(2)))
        case 2:
            body[start + 4] = rng.choice([1, 2, 7, 12, 16, 255])
        case 3:
            body[start + 9] = rng.choice([0, 1, 2, 5, 10, 255])
        case 4:
            body[start + 11] = rng.randrange(256)
        case _:
            length = 2 + int.from_bytes(body[start + 2 : start + 4])
            body[start:start] = body[start : start + length]
    return bytes(body)


@functools.cache
def large_progressive(side: int) -> bytes:
    return encode(Image.new("RGB", (side, side), (90, 60, 200)), "JPEG", progressive=True)


def jpeg_scans(rng: Random) -> bytes:
    """A pass over all pixels for less than a hundred bytes, many times."""
    body = large_progressive(rng.choice([64, 600, 1500]))
    last = body[body.rindex(b"\xff\xda") : -2]
    return body[:-2] + last * min(rng.choice([1, 10, 45, 200, 5000, 100_000]), LARGEST // len(last)) + body[-2:]
