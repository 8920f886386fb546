"""Bytes to pixels as a person sees them: 8-bit BGR in sRGB, opaque, upright, whole or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from core.comparisons.images import SCALES, ImageHeader, reduced
from core.errors import ImageUndecodable
from core.vocabulary import ImageFormat
from worker.engine import png, webp
from worker.engine.align import CROP_SIZE
from worker.engine.apart import APART
from worker.engine.colour import convert
from worker.engine.contract import Image
from worker.engine.detect import Point
from worker.engine.jpeg import Jpeg

# A damaged image is an outcome that we name ourselves; OpenCV need not print it as well.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

#: How many pixels, each way, become one; libjpeg does it before it computes them.
_FLAGS = {
    1: cv2.IMREAD_COLOR_BGR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}

#: The longer side of a reduced image in detector inputs. At 2, nothing is lost that the detector would find in the
#: whole of it, and decoding 4000x3000 pixels costs 28 instead of 58 ms; at 1 it would still cost 21.
DETECTOR_INPUTS = 2

#: The same of a larger input, at which is looked only where a first look was not enough. At 1 more images would be
#: reduced, and more of them decoded a second time for a face that is too small to be cut from so few pixels.
LATER_INPUTS = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """An upright image, whole or reduced."""

    #: BGR, upright, reduced.
    pixels: Image
    #: So many pixels each way are one of `pixels`: 1, 2, 4 or 8.
    scale: int
    #: Of the whole upright image, in pixels.
    height: int
    #: Likewise.
    width: int

    @classmethod
    def of(cls, body: bytes, header: ImageHeader, scale: int) -> Self:
        """Raise what `decode` raises."""
        pixels = decode(body, header, scale)
        height, width = pixels.shape[:2]
        if scale > 1:
            upright = (height, width) == (reduced(header.height, scale), reduced(header.width, scale))
            height, width = (header.height, header.width) if upright else (header.width, header.height)
        return cls(pixels, scale, height, width)

    def inside(self, points: Sequence[Point]) -> tuple[Point, ...]:
        """Where points of the upright image lie among `pixels`: coordinates are those of the pixels' centres."""
        centre = (self.scale - 1) / 2
        return tuple(((x - centre) / self.scale, (y - centre) / self.scale) for x, y in points)


def scale_to_detect(header: ImageHeader, detection_size: int, first_size: int) -> int:
    """How far an image may be reduced for a detector of this size that looks at `first_size` first, mostly at no more.

    1, 2, 4 or 8; 1 for all but JPEG.
    """
    if header.format is not ImageFormat.JPEG:
        return 1
    least = max(DETECTOR_INPUTS * first_size, LATER_INPUTS * detection_size)
    return _scale(max(header.width, header.height) / least)


def scale_to_crop(face_px: float, crop_px: int = CROP_SIZE) -> int:
    """How far an image may be reduced that a face of so many pixels is cut from: no side gets below a crop's."""
    return _scale(face_px / crop_px)


def decode(body: bytes, header: ImageHeader, scale: int = 1) -> Image:
    """Decode what `read_header` of `core.comparisons` has let pass; raise ImageUndecodable unless every pixel is there.

    At a `scale` of 2, 4 or 8, of a JPEG, each side is that much shorter, rounded up. Of an animation, a sequence or
    several pages the first image counts. OpenCV decodes what it shows as a person sees it, or what only an RGB or
    grey profile is missing from; the rest is decoded apart.
    """
    match header.format:
        case ImageFormat.JPEG:
            return _decode_jpeg(body, header, scale)
        case ImageFormat.PNG:
            simple = png.simplified(body)
            if simple.transparent:
                return APART.decode(simple.body, header, profile=simple.profile)
            pixels = _opencv(simple.body, header)
            convert(pixels, simple.profile, grey=simple.grey)
            return pixels
        case ImageFormat.WEBP:
            kind = webp.look(body)
            if kind.transparent or kind.animated:
                return APART.decode(body, header)
            pixels = _opencv(body, header)
            convert(pixels, kind.profile, grey=False)
            return pixels
        case _:
            return APART.decode(body, header)


def _decode_jpeg(body: bytes, header: ImageHeader, scale: int) -> Image:
    image, area = Jpeg.of(body), header.width * header.height
    if image.components == 4 and image.profile:
        return image.whole(
            lambda data, at: APART.decode(data, header, scale=at, profile=image.profile), scale, pixels=area
        )
    pixels = image.whole(lambda data, at: _opencv(data, header, at), scale, pixels=area)
    convert(pixels, image.profile, grey=image.components == 1)
    return pixels


def _opencv(data: bytes, header: ImageHeader, scale: int = 1) -> Image:
    """OpenCV applies the EXIF orientation, and turns grey, palette, CMYK and 16-bit into 8-bit BGR."""
    try:
        image: Image | None = cv2.imdecode(np.frombuffer(data, np.uint8), _FLAGS[scale])
    except cv2.error as error:
        raise ImageUndecodable(f"the {header.format.label} cannot be decoded: {error.err}") from error
    if image is None:
        raise ImageUndecodable(
            f"the {header.format.label} of {header.size_bytes} bytes is truncated or damaged: "
            f"not all of its {header.width}x{header.height} pixels can be read"
        )
    height, width = image.shape[:2]
    if {height, width} != {reduced(header.height, scale), reduced(header.width, scale)}:
        raise ImageUndecodable(f"the header says {header.width}x{header.height} pixels, the image has {width}x{height}")
    return image


def _scale(limit: float) -> int:
    return max((scale for scale in SCALES if scale <= limit), default=1)
