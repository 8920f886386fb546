"""A Pillow image to 8-bit BGR: in sRGB, opaque, upright."""

from typing import Any

import numpy as np
import PIL.Image

from worker.engine.colour import BAND_PIXELS, Conversion, apply, conversion_of
from worker.engine.contract import Image

#: What shows through a transparent pixel: the paper that browsers and viewers put behind a photograph.
GROUND = (255, 255, 255)

_GREY = frozenset(["1", "L", "LA", "La", "I;16", "I;16L", "I;16B", "I;16N"])
_WITH_ALPHA = frozenset(["LA", "La", "PA", "RGBA", "RGBa"])
_TURNS: dict[int, tuple[bool, int]] = {
    # whether rows and columns change places, and how many quarter turns against the clock follow
    1: (False, 0),
    3: (False, 2),
    5: (True, 0),
    7: (True, 2),
    6: (False, 3),
    8: (False, 1),
    2: (True, 3),
    4: (True, 1),
}


def flattened(image: PIL.Image.Image, profile: bytes | None) -> Image:
    """The image on a white ground. Takes a band at a time: in all, room for one copy of three bytes a pixel."""
    mode = image.mode if image.mode in ("CMYK", "LAB") else "L" if image.mode in _GREY else "RGB"
    conversion = conversion_of(profile, mode)
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    rows = max(1, BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        band = image.crop((0, top, image.width, bottom))
        pixels[top:bottom] = np.asarray(_flat(band, mode, conversion))[:, :, ::-1]
    return pixels


def turned(pixels: Image, orientation: int) -> Image:
    """Upright, by an EXIF orientation of 1 to 8."""
    transposed, quarters = _TURNS[orientation]
    upright = np.rot90(pixels.transpose(1, 0, 2) if transposed else pixels, quarters)
    return np.ascontiguousarray(upright)


def _flat(band: PIL.Image.Image, mode: str, conversion: Conversion | None) -> PIL.Image.Image:
    band, alpha = _apart(band)
    colours = band.convert(mode)
    if conversion is not None:
        colours = apply(conversion, colours)
    colours = colours.convert("RGB")
    if alpha is None:
        return colours
    ground = PIL.Image.new("RGB", band.size, GROUND)
    ground.paste(colours, mask=alpha)
    return ground


def _apart(band: PIL.Image.Image) -> tuple[PIL.Image.Image, PIL.Image.Image | None]:
    """Colours of 8 bits, and how opaque they are."""
    clear: Any = band.info.get("transparency")
    if band.mode.startswith("I;16"):
        deep = np.asarray(band).astype(np.uint16)
        alpha = None if clear is None else PIL.Image.fromarray(np.where(deep == clear, 0, 255).astype(np.uint8))
        return PIL.Image.fromarray((deep >> 8).astype(np.uint8)), alpha
    if band.mode in _WITH_ALPHA:
        band = band.convert("LA" if band.mode in _GREY else "RGBA")
        return band, band.getchannel("A")
    if clear is not None:
        return band, band.convert("RGBA").getchannel("A")
    return band, None
