"""What an image says of itself before a single pixel is decoded.

Read here and not by an imaging library: a library's way to the size leads through every metadata segment, which it
copies, unpacks and interprets, and a sender decides how many there are. What is skipped here is not looked at.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from core.comparisons.headers import bitmap, isobmff, jpeg, png, tiff, webp
from core.comparisons.headers.foreign import recognised
from core.errors import ImageTooLarge, UnsupportedImage
from core.vocabulary import ImageFormat, labels

EVERY_FORMAT = tuple(ImageFormat)
#: How many pixels of a JPEG, each way, may become one.
SCALES = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """An image as its header declares it. `width` and `height` are pixels as stored, before it is turned upright."""

    media_type: str
    width: int
    height: int
    size_bytes: int

    @property
    def format(self) -> ImageFormat:
        """What `media_type` names."""
        return ImageFormat(self.media_type.removeprefix("image/"))


@dataclass(frozen=True, slots=True)
class ImageFacts(ImageHeader):
    """The header, and which bytes it heads."""

    sha256: str


def inspect(
    body: bytes,
    *,
    max_bytes: int,
    max_pixels: int,
    max_reduced_pixels: int = 0,
    formats: Sequence[ImageFormat] = EVERY_FORMAT,
    sha256: str | None = None,
) -> ImageFacts:
    """`read_header`, and the digest of the whole, `sha256` where it is known already. Raises the same."""
    header = read_header(
        body, max_bytes=max_bytes, max_pixels=max_pixels, max_reduced_pixels=max_reduced_pixels, formats=formats
    )
    sha256 = sha256 or hashlib.sha256(body).hexdigest()
    return ImageFacts(header.media_type, header.width, header.height, header.size_bytes, sha256)


def read_header(
    body: bytes,
    *,
    max_bytes: int,
    max_pixels: int,
    max_reduced_pixels: int = 0,
    formats: Sequence[ImageFormat] = EVERY_FORMAT,
) -> ImageHeader:
    """Read the header only; a bomb costs nothing.

    At most `max_pixels` are decoded. A JPEG may have `max_reduced_pixels` if it can be decoded reduced to that many.
    Raises UnsupportedImage for anything but `formats`, ImageTooLarge over any limit.
    """
    if len(body) > max_bytes:
        raise ImageTooLarge(
            f"the image has {len(body)} bytes; at most {max_bytes} are accepted (LIKENESS_MAX_IMAGE_BYTES)"
        )
    image_format, width, height = _declared(body, formats)
    if image_format not in formats:
        raise UnsupportedImage(
            f"{image_format.label} is not accepted here (LIKENESS_IMAGE_FORMATS); "
            f"{labels(formats)} are accepted: save it as one of these"
        )
    if not width or not height:
        raise UnsupportedImage(f"the header declares {width}x{height} pixels")
    if width * height > max_pixels:
        _check_reducible(image_format, body, (width, height), max_pixels, max_reduced_pixels)
    return ImageHeader(image_format.media_type, width, height, len(body))


def reduced(side: int, scale: int) -> int:
    """How many pixels are left of a side's, in a JPEG that is decoded at 1/`scale`."""
    return -(-side // scale)


def least_scale(header: ImageHeader, max_pixels: int) -> int:
    """How far to reduce an image so that at most `max_pixels` are decoded: 1, 2, 4, or 8 if nothing suffices."""
    return next((s for s in SCALES if reduced(header.width, s) * reduced(header.height, s) <= max_pixels), SCALES[-1])


def _check_reducible(
    image_format: ImageFormat, body: bytes, size: tuple[int, int], max_pixels: int, max_reduced_pixels: int
) -> None:
    width, height = size
    has = f"the image has {width}x{height} pixels; at most"
    whole = f"{has} {max_pixels} are accepted (LIKENESS_MAX_IMAGE_PIXELS)"
    if image_format is not ImageFormat.JPEG or max_reduced_pixels <= max_pixels:
        raise ImageTooLarge(whole)
    if not jpeg.reducible(body):
        raise ImageTooLarge(
            f"{whole}: it is progressive, and only a baseline JPEG, of up to {max_reduced_pixels}, is decoded reduced"
        )
    if width * height > max_reduced_pixels:
        raise ImageTooLarge(f"{has} {max_reduced_pixels} are accepted, of a JPEG too (LIKENESS_MAX_REDUCED_PIXELS)")
    if reduced(width, SCALES[-1]) * reduced(height, SCALES[-1]) > max_pixels:
        raise ImageTooLarge(f"{whole}, and at 1/{SCALES[-1]} it still has more")


def _declared(body: bytes, formats: Sequence[ImageFormat]) -> tuple[ImageFormat, int, int]:
    if body.startswith(b"\xff\xd8\xff"):
        return ImageFormat.JPEG, *jpeg.size(body)
    if body.startswith(png.SIGNATURE):
        return ImageFormat.PNG, *png.size(body)
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return ImageFormat.WEBP, *webp.size(body)
    if body[:6] in (b"GIF87a", b"GIF89a"):
        return ImageFormat.GIF, *bitmap.gif_size(body)
    if body[:2] == b"BM" and body[6:10] == bytes(4):  # reserved; two letters alone may begin a text
        return ImageFormat.BMP, *bitmap.bmp_size(body)
    if body[:4] in (b"II*\0", b"MM\0*"):
        return ImageFormat.TIFF, *tiff.size(body)
    if body[4:8] == b"ftyp" and body[8:12] in _BRANDS:
        return isobmff.image(body)
    if known := recognised(body):
        raise UnsupportedImage(f"this is {known[0]}; {labels(formats)} are accepted: {known[1]}")
    raise UnsupportedImage(f"the bytes begin with {body[:8]!r}; {labels(formats)} are accepted")


#: Brands of files that hold images: HEIC, HEIF in general, AVIF, and sequences of either.
_BRANDS = frozenset([b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1", b"avif", b"avis"])
