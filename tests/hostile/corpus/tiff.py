"""TIFFs whose directories are not as they should be."""

import struct
from random import Random

from tests.hostile.corpus.png import bomb
from tests.hostile.corpus.sizes import LARGEST, SIZES


def tiff_directories(rng: Random) -> bytes:
    """Tags that point at everything at once, strips and tiles of every size, depths and compressions of every kind."""
    endian = rng.choice("<>")
    size = rng.choice([1, 64, 6000])
    height = rng.choice([size] * 8 + [65_535, 2**32 - 1])
    order = 16 if endian == ">" else 0  # a short lies in the first two of its four bytes
    first = [(256, 4, 1, size), (257, 4, 1, height), (258, 3, 1, rng.choice([1, 8, 8, 16]) << order)]
    first += [
        (259, 3, 1, rng.choice([1, 1, 1, 5, 5, 8, 8, 32_773, 7, 50_000]) << order),
        (262, 3, 1, rng.choice([0, 1, 1, 1, 2, 2, 3, 5, 6, 8]) << order),
    ]
    first += [
        (277, 3, 1, rng.choice([1, 1, 3, 4, 5, 65_535]) << order),
        (284, 3, 1, rng.choice([1, 2]) << order),
        (274, 3, 1, rng.randrange(10) << order),
    ]
    many = rng.choice([1, 64, 6000, 6000, 200_000])
    if rng.random() < 0.5:
        first += [(273, 4, many, 200), (278, 4, 1, rng.choice([1, 64, *SIZES])), (279, 4, many, 200)]
    else:
        first += [(322, 4, 1, rng.choice([16, 17, *SIZES])), (323, 4, 1, rng.choice([16, *SIZES])), (324, 4, many, 200)]
        first += [(325, 4, many, 200)]
    for i in range(rng.choice([0, 3, 300])):
        tag = rng.choice([320, 338, 317, 700, 34_675, 34_665, 40_000 + i])
        count = rng.choice([1, 2, 1000, LARGEST - 10_000])
        first.append((tag, rng.choice([1, 3, 4, 5, 7, 12]), count, rng.choice([8, 200, 2**31])))
    magic = b"II*\0" if endian == "<" else b"MM\0*"
    entries = b"".join(
        struct.pack(f"{endian}HHII", *(v & (0xFFFF if i < 2 else 2**32 - 1) for i, v in enumerate(e))) for e in first
    )
    body = magic + struct.pack(f"{endian}IH", 8, len(first)) + entries + struct.pack(f"{endian}I", rng.choice([0, 8]))
    filling = [
        bytes(1000),
        rng.randbytes(5000),
        bytes(LARGEST),
        bomb(7_900_000),
        struct.pack(f"{endian}I", 200) * 10**6,
    ]
    return body + rng.choice(filling)[: LARGEST - len(body)]
