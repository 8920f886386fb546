"""WebP: the first chunk of its three kinds."""

from core.errors import UnsupportedImage


def size(body: bytes) -> tuple[int, int]:
    """Width and height of the canvas in pixels, before EXIF rotation."""
    kind, data = body[12:16], body[20:30]
    if len(data) == 10:
        if kind == b"VP8X":  # the canvas, less one
            return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
        if kind == b"VP8L" and data[0] == 0x2F:  # 14 bits each, less one
            bits = int.from_bytes(data[1:5], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        if kind == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":  # 14 bits each; two more say how to scale
            return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF
    raise UnsupportedImage("the WebP's header is damaged")
