"""What an image says of itself before a single pixel is decoded."""

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from core.errors import ImageTooLarge, UnsupportedImage

FORMATS = ("JPEG", "PNG", "WEBP")
#: MPO is a JPEG with further pictures behind it, as phones write it; Pillow's JPEG reader tells them apart.
MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
ORIENTATION_TAG = 0x0112

# Pillow's own bomb guard would raise before we can name the limit; `inspect` checks the declared size instead.
Image.MAX_IMAGE_PIXELS = None
# Remarks on damaged metadata, which nobody would read.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\..*")


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """An image as its header declares it. `width` and `height` are pixels as stored, before EXIF rotation."""

    media_type: str
    width: int
    height: int
    size_bytes: int
    sha256: str


def inspect(body: bytes, *, max_bytes: int, max_pixels: int) -> ImageFacts:
    """Read the header only; a bomb costs nothing.

    Raises UnsupportedImage for anything but JPEG, PNG or WebP, ImageTooLarge over either limit.
    """
    if len(body) > max_bytes:
        raise ImageTooLarge(f"the image has {len(body)} bytes; at most {max_bytes} are accepted")
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as image:
            width, height, media_type = image.width, image.height, MEDIA_TYPES[image.format or ""]
    except UnidentifiedImageError:
        raise UnsupportedImage(f"the bytes begin with {body[:8]!r}; JPEG, PNG and WebP are accepted") from None
    except (OSError, ValueError, SyntaxError, KeyError, TypeError) as error:
        raise UnsupportedImage(f"the image's header cannot be read: {error}") from error
    if width * height > max_pixels:
        raise ImageTooLarge(f"the image has {width}x{height} pixels; at most {max_pixels} are accepted")
    return ImageFacts(media_type, width, height, len(body), hashlib.sha256(body).hexdigest())
