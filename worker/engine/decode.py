"""Bytes to pixels: 8-bit BGR, upright, whole or not at all."""

import cv2
import numpy as np

from core.errors import ImageUndecodable
from core.images import JPEG, PNG, ImageFacts
from worker.engine.contract import Image
from worker.engine.jpeg import without_end
from worker.engine.png import pixels_only

# A damaged image is an outcome that we name ourselves; OpenCV need not print it as well.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

#: The same pixels, in a form in which the decoder neither invents any nor works for nothing.
_SIMPLER = {JPEG: without_end, PNG: pixels_only}


def decode(body: bytes, facts: ImageFacts) -> Image:
    """Decode what `core.images.inspect` has let pass; raise ImageUndecodable unless every pixel is there.

    OpenCV applies the EXIF orientation of all three formats, drops alpha, takes the first frame of an animation,
    and turns grey, palette, CMYK and 16-bit into 8-bit BGR.
    """
    data = _SIMPLER.get(facts.media_type, bytes)(body)
    try:
        image: Image | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_BGR)
    except cv2.error as error:
        raise ImageUndecodable(f"the {facts.media_type} cannot be decoded: {error.err}") from error
    if image is None:
        raise ImageUndecodable(
            f"the {facts.media_type} of {facts.size_bytes} bytes is truncated or damaged: "
            f"not all of its {facts.width}x{facts.height} pixels are there"
        )
    height, width = image.shape[:2]
    if {height, width} != {facts.height, facts.width}:
        raise ImageUndecodable(f"the header says {facts.width}x{facts.height} pixels, the image has {width}x{height}")
    return image
