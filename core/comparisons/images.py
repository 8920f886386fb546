"""What an image says of itself before a single pixel is decoded.

Read here and not by an imaging library: a library's way to the size leads through every metadata segment, which it
copies, unpacks and interprets, and a sender decides how many there are. What is skipped here is not looked at.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import ImageTooLarge, UnsupportedImage

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"

#: Segments a JPEG may have before its pixels. A phone writes some ten; the largest ICC profile takes 255.
MAX_SEGMENTS = 1000
START_OF_SCAN = 0xDA
#: Frames of all kinds; those between (DHT, JPG, DAC) are something else.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: Markers without a length. None belongs before the pixels; decoders differ in how they pass over them.
_BARE = frozenset([0x00, 0x01, *range(0xD0, 0xDA)])


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """An image as its header declares it. `width` and `height` are pixels as stored, before EXIF rotation."""

    media_type: str
    width: int
    height: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ImageFacts(ImageHeader):
    """The header, and which bytes it heads."""

    sha256: str


def inspect(body: bytes, *, max_bytes: int, max_pixels: int) -> ImageFacts:
    """`read_header`, and the digest of the whole. Raises the same."""
    header = read_header(body, max_bytes=max_bytes, max_pixels=max_pixels)
    return ImageFacts(
        header.media_type, header.width, header.height, header.size_bytes, hashlib.sha256(body).hexdigest()
    )


def read_header(body: bytes, *, max_bytes: int, max_pixels: int) -> ImageHeader:
    """Read the header only; a bomb costs nothing.

    Raises UnsupportedImage for anything but JPEG, PNG or WebP, ImageTooLarge over either limit.
    """
    if len(body) > max_bytes:
        raise ImageTooLarge(f"the image has {len(body)} bytes; at most {max_bytes} are accepted")
    media_type, (width, height) = _declared(body)
    if not width or not height:
        raise UnsupportedImage(f"the header declares {width}x{height} pixels")
    if width * height > max_pixels:
        raise ImageTooLarge(f"the image has {width}x{height} pixels; at most {max_pixels} are accepted")
    return ImageHeader(media_type, width, height, len(body))


def jpeg_segments(body: bytes) -> Iterator[tuple[int, int]]:
    """Each segment's marker and where its content begins, up to and with the first scan.

    Stricter than decoders are: anything but segments before the pixels raises UnsupportedImage.
    """
    at = 2
    for _ in range(MAX_SEGMENTS):
        marker = body[at + 1 : at + 2]
        if body[at : at + 1] != b"\xff" or not marker:
            raise UnsupportedImage("the JPEG ends, or is damaged, before its pixels begin")
        if marker[0] == 0xFF:  # padding, one byte at a time
            at += 1
            continue
        length = int.from_bytes(body[at + 2 : at + 4])
        if marker[0] in _BARE or length < 2:
            raise UnsupportedImage("the JPEG's header is damaged")
        yield marker[0], at + 4
        if marker[0] == START_OF_SCAN:
            return
        at += 2 + length
    raise UnsupportedImage(f"the JPEG has more than {MAX_SEGMENTS} segments before its pixels")


def _declared(body: bytes) -> tuple[str, tuple[int, int]]:
    if body.startswith(b"\xff\xd8\xff"):
        return JPEG, _jpeg(body)
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG, _png(body)
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return WEBP, _webp(body)
    raise UnsupportedImage(f"the bytes begin with {body[:8]!r}; JPEG, PNG and WebP are accepted")


def _jpeg(body: bytes) -> tuple[int, int]:
    frames = [at for marker, at in jpeg_segments(body) if marker in _FRAMES]
    if len(frames) != 1:
        raise UnsupportedImage(f"the JPEG has {len(frames)} frames before its pixels")
    at = frames[0] + 1  # past the bits per sample
    return int.from_bytes(body[at + 2 : at + 4]), int.from_bytes(body[at : at + 2])


def _png(body: bytes) -> tuple[int, int]:
    if body[8:16] != b"\0\0\0\rIHDR" or len(body) < 33:
        raise UnsupportedImage("the PNG does not begin with its header")
    return int.from_bytes(body[16:20]), int.from_bytes(body[20:24])


def _webp(body: bytes) -> tuple[int, int]:
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
