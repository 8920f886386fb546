"""As many pixels as are allowed, and more, in few bytes."""

import functools
from random import Random

from PIL import Image

from tests.hostile.corpus.honest import encode


@functools.cache
def _pixel_bomb(kind: str, width: int, height: int) -> bytes:
    return encode(
        Image.new("RGB", (width, height)), kind, **({"lossless": True, "method": 0} if kind == "WEBP" else {})
    )


def pixel_bombs(rng: Random) -> bytes:
    """As many pixels as are allowed, and more, in next to no bytes; every one of them is there."""
    kind = rng.choice(["PNG", "JPEG", "WEBP"])
    return _pixel_bomb(kind, *rng.choice([(6300, 6300), (16_000, 2400), (8000, 6000), (3, 13_000)]))
