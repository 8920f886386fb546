"""Images drawn for a test: saved in each format, and seen by the decoder."""

import io
from typing import Any

import numpy as np
from PIL import Image

from core.comparisons.images import ImageFacts, inspect
from worker.engine.contract import Image as Pixels
from worker.engine.decode import decode

ORIENTATION = 0x0112
#: Formats that lose nothing as they are written here, and how far the others may be from what was saved.
TOLERANCES = {"PNG": 0, "BMP": 0, "TIFF": 0, "WEBP": 0, "JPEG": 5, "AVIF": 4, "HEIF": 6}
OPTIONS: dict[str, dict[str, Any]] = {
    "WEBP": {"lossless": True, "exact": True},
    "JPEG": {"quality": 100, "subsampling": 0},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "HEIF": {"quality": -1, "chroma": 444},
    "TIFF": {"compression": "tiff_lzw"},
}

COLOURED = [
    ("JPEG", "RGB"),
    *((kind, mode) for kind in ("PNG", "WEBP", "TIFF", "AVIF", "HEIF") for mode in ("RGB", "RGBA")),
]


def gradient(width: int = 96, height: int = 64) -> Image.Image:
    """Smooth, and different in all eight orientations."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return Image.fromarray(np.stack([255 * x, 255 * y, 127 * (x + y) ** 2 / 2], axis=-1).astype(np.uint8))


def noise(width: int = 96, height: int = 64) -> Image.Image:
    """Many bytes for few pixels, so that a cut anywhere removes some of them."""
    rng = np.random.default_rng(7)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """As Pillow does by itself."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    """With as little lost as the format allows."""
    return saved(image, kind, **{**OPTIONS.get(kind, {}), **options})


def facts_of(body: bytes) -> ImageFacts:
    return inspect(body, max_bytes=10_000_000, max_pixels=10_000_000)


def seen(body: bytes) -> Pixels:
    """RGB, for comparison with what was saved."""
    return np.ascontiguousarray(decode(body, facts_of(body))[:, :, ::-1])


def worst(pixels: Pixels, expected: Any) -> int:
    wanted = np.asarray(expected.convert("RGB") if isinstance(expected, Image.Image) else expected)
    assert pixels.dtype == np.uint8
    assert pixels.shape == wanted.shape
    return int(np.abs(pixels.astype(np.float64) - wanted).max())


def cutout() -> tuple[Image.Image, Image.Image]:
    """A image whose left half is clear, with black beneath, and a strip between; and as it is seen on white."""
    image = gradient().convert("RGBA")
    alpha = np.full((64, 96), 255, np.uint8)
    alpha[:, :48] = 0
    alpha[:, 44:52] = 128
    rgba = np.dstack([np.asarray(gradient()), alpha])
    rgba[alpha == 0, :3] = 0
    image = Image.fromarray(rgba)
    return image, Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
