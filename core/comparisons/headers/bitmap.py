"""GIF and BMP: sizes at fixed places."""

from core.errors import UnsupportedImage


def gif_size(body: bytes) -> tuple[int, int]:
    """Width and height of the screen in pixels."""
    if len(body) < 13:
        raise UnsupportedImage("the GIF ends before its pixels begin")
    return int.from_bytes(body[6:8], "little"), int.from_bytes(body[8:10], "little")


def bmp_size(body: bytes) -> tuple[int, int]:
    """Width and height in pixels; rows may be stored from the top, which a negative height says."""
    header_bytes = int.from_bytes(body[14:18], "little")
    if header_bytes == 12 and len(body) >= 26:
        return int.from_bytes(body[18:20], "little"), int.from_bytes(body[20:22], "little")
    if 40 <= header_bytes <= 124 and len(body) >= 14 + header_bytes:
        width = int.from_bytes(body[18:22], "little", signed=True)
        return max(width, 0), abs(int.from_bytes(body[22:26], "little", signed=True))
    raise UnsupportedImage("the BMP's header is damaged")
