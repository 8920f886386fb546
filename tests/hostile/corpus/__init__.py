"""Images nobody should send, made on the spot: a maker for each way of being wrong, and a seed says which of them."""

from collections.abc import Callable
from random import Random

from tests.hostile.corpus.bitmaps import bitmaps
from tests.hostile.corpus.bombs import pixel_bombs
from tests.hostile.corpus.damage import (
    bits_flipped,
    crossed,
    noise_after_magic,
    other_formats,
    polyglot,
    spliced,
    truncated,
)
from tests.hostile.corpus.heif import containers, hidden_sizes
from tests.hostile.corpus.honest import an_honest_one
from tests.hostile.corpus.jpeg import jpeg_frames, jpeg_metadata, jpeg_scans
from tests.hostile.corpus.metadata import exif, profiles
from tests.hostile.corpus.png import png_chunks, png_header
from tests.hostile.corpus.tiff import tiff_directories
from tests.hostile.corpus.webp import webp_chunks, webp_header

Maker = Callable[[Random], bytes]

CLASSES: dict[str, Maker] = {
    "honest": an_honest_one,
    "truncated": truncated,
    "bits flipped": bits_flipped,
    "spliced": spliced,
    "crossed": crossed,
    "noise after magic": noise_after_magic,
    "other formats": other_formats,
    "polyglots": polyglot,
    "JPEG metadata": jpeg_metadata,
    "JPEG frames": jpeg_frames,
    "JPEG scans": jpeg_scans,
    "PNG chunks": png_chunks,
    "PNG headers": png_header,
    "WebP chunks": webp_chunks,
    "WebP headers": webp_header,
    "EXIF": exif,
    "pixel bombs": pixel_bombs,
    "HEIC, AVIF boxes": containers,
    "hidden sizes": hidden_sizes,
    "TIFF directories": tiff_directories,
    "GIF, BMP headers": bitmaps,
    "profiles": profiles,
}


def make(name: str, seed: int) -> bytes:
    """The same bytes for the same class and seed."""
    return CLASSES[name](Random(f"{name} {seed}"))
