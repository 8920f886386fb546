"""PNG: the first chunk."""

from core.errors import UnsupportedImage

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def size(body: bytes) -> tuple[int, int]:
    """Width and height in pixels, before EXIF rotation."""
    if body[8:16] != b"\0\0\0\rIHDR" or len(body) < 33:
        raise UnsupportedImage("the PNG does not begin with its header")
    return int.from_bytes(body[16:20]), int.from_bytes(body[20:24])
