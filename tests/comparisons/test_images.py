"""What a header says, and what is refused before a pixel is decoded."""

import io
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.comparisons.images import inspect
from core.errors import ImageRejected, ImageTooLarge, UnsupportedImage

LIMITS = {"max_bytes": 10_000_000, "max_pixels": 40_000_000}


def png(width: int, height: int) -> bytes:
    """A PNG whose header declares a size and whose data is next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("form", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_the_three_formats_are_told_apart_by_their_bytes(form: str, media_type: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30)).save(buffer, form)
    facts = inspect(buffer.getvalue(), **LIMITS)
    assert (facts.media_type, facts.width, facts.height) == (media_type, 40, 30)
    assert facts.size_bytes == len(buffer.getvalue())


@pytest.mark.parametrize("form", ["GIF", "BMP", "TIFF", "ICO"])
def test_other_formats_are_refused_though_the_library_reads_them(form: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30)).save(buffer, form)
    with pytest.raises(UnsupportedImage, match="JPEG, PNG and WebP"):
        inspect(buffer.getvalue(), **LIMITS)


def test_a_bomb_is_refused_by_its_declared_size() -> None:
    bomb = png(30_000, 30_000)
    assert len(bomb) < 5000
    with pytest.raises(ImageTooLarge, match=r"30000x30000 pixels; at most 40000000"):
        inspect(bomb, **LIMITS)


def test_too_many_bytes_are_refused_before_they_are_looked_at() -> None:
    with pytest.raises(ImageTooLarge, match="11 bytes; at most 10"):
        inspect(b"x" * 11, max_bytes=10, max_pixels=100)


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_anything_else(body: bytes) -> None:
    for start in (b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBPVP8 "):
        with suppress(ImageRejected):
            inspect(start + body, **LIMITS)
