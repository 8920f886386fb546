"""Small copies of images for a page that was asked to show them. They are in that page alone, and stored nowhere."""

import io
from base64 import b64encode
from collections.abc import Iterable, Mapping

from PIL import Image, ImageOps

from evaluator.report.document import Json

#: Longest side, in pixels: that of a crop, enough to see who it is and why it failed.
SIDE_PX = 112
#: More is not decoded for a thumbnail.
MAX_PIXELS = 1 << 26


def shown_images(report: Json) -> frozenset[str]:
    """Whom the page names as worst."""
    pairs = [*report["worst"]["false_matches"], *report["worst"]["false_non_matches"]]
    return frozenset(pair[side] for pair in pairs for side in ("reference", "probe"))


def thumbnails(images: Iterable[tuple[str, bytes]]) -> Mapping[str, str]:
    """An image's id to its small copy as a data URI; one that Pillow does not read has none."""
    found = ((image_id, _thumbnail(body)) for image_id, body in images)
    return {image_id: copy for image_id, copy in found if copy is not None}


def _thumbnail(body: bytes) -> str | None:
    """A JPEG without metadata, upright; None for what cannot be read."""
    small = io.BytesIO()
    try:
        with Image.open(io.BytesIO(body)) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            image.draft("RGB", (2 * SIDE_PX, 2 * SIDE_PX))
            upright = ImageOps.exif_transpose(image).convert("RGB")
        upright.thumbnail((SIDE_PX, SIDE_PX))
        upright.save(small, "JPEG", quality=82)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return f"data:image/jpeg;base64,{b64encode(small.getvalue()).decode()}"
