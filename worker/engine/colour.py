"""Colours as a person sees them: by the image's ICC profile, in sRGB. LittleCMS computes."""

import functools
import io
from typing import Any

import numpy as np
import PIL.Image
from PIL import ImageCms

from worker.engine.contract import Image

Conversion = ImageCms.ImageCmsTransform

#: The largest profiles of printers have some 3 MB.
MAX_PROFILE_BYTES = 4 * 2**20
#: Of 255: a profile that moves no colour further is sRGB, by whatever name. Published ones move some by 1.
SAME = 2
#: Pixels converted at a time, so that the conversion needs no room to speak of.
BAND_PIXELS = 1 << 20

_SPACES = {"RGB": b"RGB ", "L": b"GRAY", "CMYK": b"CMYK"}


def conversion_of(profile: bytes | None, mode: str) -> Conversion | None:
    """From colours of this Pillow mode (RGB, L, CMYK, LAB) to RGB ones of sRGB.

    None where they are sRGB already, or where the profile says nothing that can be used: it is damaged, or another
    kind of colours'. Browsers ignore such a profile too.
    """
    if mode == "LAB":
        return _built(ImageCms.createProfile("LAB"), mode)
    if (
        not profile
        or len(profile) > MAX_PROFILE_BYTES
        or profile[16:20] != _SPACES.get(mode)
        or _is_srgb(profile, mode)
    ):
        return None
    return _from(profile, mode)


def convert(pixels: Image, profile: bytes | None, *, grey: bool) -> None:
    """Convert BGR pixels to sRGB where they lie."""
    mode = "L" if grey else "RGB"
    conversion = conversion_of(profile, mode)
    if conversion is None:
        return
    for band in bands(pixels):
        if grey:
            image = apply(conversion, PIL.Image.fromarray(np.ascontiguousarray(band[:, :, 0])))
        else:  # Pillow changes the order as it copies, and LittleCMS converts in place: 20 ms a megapixel, not 30
            image = PIL.Image.frombuffer("RGB", (band.shape[1], band.shape[0]), band, "raw", "BGR", 0, 1)
            ImageCms.applyTransform(image, conversion, inPlace=True)
        band[:] = np.asarray(image)[:, :, ::-1]


def apply(conversion: Conversion, image: PIL.Image.Image) -> PIL.Image.Image:
    """The image in sRGB."""
    converted = ImageCms.applyTransform(image, conversion)
    assert converted is not None  # it is where the conversion is not done in place
    return converted


def bands(pixels: Image) -> list[Image]:
    """Views of so many rows at a time that each has about BAND_PIXELS."""
    height, width = pixels.shape[:2]
    rows = max(1, BAND_PIXELS // width)
    return [pixels[top : top + rows] for top in range(0, height, rows)]


@functools.lru_cache(maxsize=16)
def _is_srgb(profile: bytes, mode: str) -> bool:
    conversion = _from(profile, mode)
    if conversion is None or mode == "CMYK":
        return conversion is None
    steps = np.linspace(0, 255, 256 if mode == "L" else 9).astype(np.uint8)
    colours = steps[None] if mode == "L" else np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    seen = np.asarray(apply(conversion, PIL.Image.fromarray(np.ascontiguousarray(colours)))).astype(np.int16)
    return bool(np.abs(seen - (colours[:, :, None] if mode == "L" else colours)).max() <= SAME)


def _from(profile: bytes, mode: str) -> Conversion | None:
    try:
        return _built(ImageCms.ImageCmsProfile(io.BytesIO(profile)), mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _built(source: Any, mode: str) -> Conversion:
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
