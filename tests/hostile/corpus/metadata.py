"""EXIF and colour profiles, in every format that has them."""

import struct
from random import Random

from tests.hostile.corpus.honest import encode, plain_image, whole
from tests.hostile.corpus.jpeg import segment
from tests.hostile.corpus.png import chunk
from tests.hostile.corpus.sizes import SIZES
from tests.hostile.corpus.webp import riff
from tests.support.profiles import ADOBE_RGB, grey_profile, ink_profile, rgb_profile


def exif(rng: Random) -> bytes:
    """Directories that point into themselves, beyond the end, at everything at once."""
    order, endian = rng.choice([(b"II*\0", "<"), (b"MM\0*", ">")])
    count = rng.choice([0, 1, 40, 5000, 65_535])
    entry = struct.pack(
        f"{endian}HHII",
        rng.choice([0x0112, 0x8769, 0x8825, 0x0201, 0x011A]),
        rng.choice([0, 1, 3, 4, 5, 7, 13, 255]),
        rng.choice([*SIZES]),
        rng.choice([0, 8, *SIZES]),
    )
    tiff = order + struct.pack(f"{endian}IH", rng.choice([8, 8, 8, 0, 2**32 - 1]), count) + entry * min(count, 5000)
    tiff += struct.pack(f"{endian}I", rng.choice([0, 8, 2**32 - 1]))
    match rng.randrange(3):
        case 0:
            body = whole()["grey JPEG"]
            return body[:2] + segment(0xE1, b"Exif\0\0" + tiff) + body[2:]
        case 1:
            body = whole()["palette PNG"]
            return body[:33] + chunk(b"eXIf", tiff) + body[33:]
        case _:
            pixels = whole()["lossless WebP"]
            canvas = b"\x08\0\0\0" + (95).to_bytes(3, "little") + (63).to_bytes(3, "little")
            return riff([(b"VP8X", canvas), (b"VP8L", pixels[20:]), (b"EXIF", tiff)])


def profiles(rng: Random) -> bytes:
    """ICC profiles that are damaged, of other colours, or next to endless."""
    profile = bytearray(rng.choice([rgb_profile(ADOBE_RGB), grey_profile(gamma=1.8), ink_profile()]))
    for _ in range(rng.choice([0, 1, 4, 40])):
        place = int(rng.random() ** 2 * len(profile))
        profile[place : place + rng.choice([1, 2, 4])] = rng.randbytes(rng.choice([1, 2, 4]))
    if rng.random() < 0.2:
        profile[128:132] = struct.pack(">I", rng.choice(SIZES))
    kept = rng.choice([len(profile), rng.randrange(len(profile) + 1)])
    body = bytes(profile)[:kept] + bytes(rng.choice([0, 0, 9_000_000]))
    kinds = {
        "RGB": ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"],
        "CMYK": ["JPEG", "TIFF"],
        "L": ["JPEG"],
        "RGBA": ["PNG"],
    }
    mode = rng.choice(list(kinds))
    return encode(plain_image().convert(mode), rng.choice(kinds[mode]), icc_profile=body or b"x")
