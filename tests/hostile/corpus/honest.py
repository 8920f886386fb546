"""Honest images of every kind, of which most of the others are made."""

import functools
import io
from random import Random
from typing import Any

import cv2
import numpy as np
import pillow_heif
from PIL import Image

from tests.support.profiles import ADOBE_RGB, ink_profile, rgb_profile

pillow_heif.register_heif_opener()


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def plain_image(width: int = 96, height: int = 64) -> Image.Image:
    rng = np.random.default_rng(7)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


@functools.cache
def whole() -> dict[str, bytes]:
    """One honest image of every kind; most of the others are made from these."""
    image, frames = plain_image(), [plain_image().rotate(90), plain_image().rotate(180)]
    exif = Image.Exif()
    exif[0x0112] = 6
    deep = cv2.imencode(".png", np.asarray(image).astype(np.uint16) * 257)[1].tobytes()
    return {
        "JPEG": encode(image, "JPEG", exif=exif, icc_profile=bytes(3000), comment=b"a comment"),
        "progressive JPEG": encode(image, "JPEG", progressive=True),
        "JPEG with restarts": encode(image, "JPEG", restart_marker_blocks=4),
        "grey JPEG": encode(image.convert("L"), "JPEG"),
        "CMYK JPEG": encode(image.convert("CMYK"), "JPEG"),
        "MPO": encode(image, "MPO", save_all=True, append_images=frames),
        "PNG": encode(image, "PNG", exif=exif, icc_profile=bytes(3000)),
        "palette PNG": encode(image.quantize(200), "PNG", transparency=bytes(range(200))),
        "two-colour PNG": encode(image.convert("1"), "PNG"),
        "16-bit PNG": deep,
        "PNG with alpha": encode(image.convert("RGBA"), "PNG"),
        "animated PNG": encode(image, "PNG", save_all=True, append_images=frames),
        "WebP": encode(image, "WEBP", exif=exif.tobytes()),
        "lossless WebP": encode(image, "WEBP", lossless=True),
        "WebP with alpha": encode(image.convert("RGBA"), "WEBP"),
        "animated WebP": encode(image, "WEBP", save_all=True, append_images=frames),
        "1x1 JPEG": encode(plain_image(1, 1), "JPEG"),
        "1x1 PNG": encode(plain_image(1, 1), "PNG"),
        "1x1 WebP": encode(plain_image(1, 1), "WEBP"),
        "1x60000 PNG": encode(Image.new("RGB", (1, 60_000)), "PNG"),
        "60000x1 JPEG": encode(Image.new("RGB", (60_000, 1)), "JPEG"),
        "16383x1 WebP": encode(Image.new("RGB", (16_383, 1)), "WEBP"),
        "wide gamut JPEG": encode(image, "JPEG", icc_profile=rgb_profile(ADOBE_RGB)),
        "wide gamut PNG": encode(image, "PNG", icc_profile=rgb_profile(ADOBE_RGB)),
        "JPEG of inks": encode(image.convert("CMYK"), "JPEG", icc_profile=ink_profile()),
        "AVIF": encode(image, "AVIF", exif=exif.tobytes(), icc_profile=rgb_profile(ADOBE_RGB)),
        "AVIF with alpha": encode(image.convert("RGBA"), "AVIF"),
        "animated AVIF": encode(image, "AVIF", save_all=True, append_images=frames),
        "HEIC": encode(image, "HEIF", exif=exif.tobytes(), icc_profile=rgb_profile(ADOBE_RGB)),
        "HEIC of tiles": encode(plain_image(256, 192), "HEIF", tile_size=128),
        "HEIC with alpha": encode(image.convert("RGBA"), "HEIF"),
        "HEICs": encode(image, "HEIF", save_all=True, append_images=frames),
        "GIF": encode(image.quantize(200), "GIF", transparency=3),
        "animated GIF": encode(image.quantize(200), "GIF", save_all=True, append_images=frames),
        "BMP": encode(image, "BMP"),
        "palette BMP": encode(image.quantize(200), "BMP"),
        "BMP with alpha": encode(image.convert("RGBA"), "BMP"),
        "TIFF": encode(image, "TIFF", exif=exif, icc_profile=rgb_profile(ADOBE_RGB)),
        "LZW TIFF": encode(image.convert("RGBA"), "TIFF", compression="tiff_lzw"),
        "deflated TIFF": encode(image.convert("CMYK"), "TIFF", compression="tiff_adobe_deflate"),
        "16-bit TIFF": encode(Image.fromarray(np.asarray(image)[:, :, 0].astype(np.uint16) * 257), "TIFF"),
        "TIFF of tiles": encode(image, "TIFF", tiffinfo={322: 16, 323: 16}),
        "TIFFs": encode(plain_image(), "TIFF", save_all=True, append_images=[plain_image()]),
    }


def an_honest_one(rng: Random) -> bytes:
    return rng.choice(list(whole().values()))
