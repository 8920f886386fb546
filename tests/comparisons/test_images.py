"""What a header says, and what is refused before a pixel is decoded."""

import io
import re
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.comparisons.images import inspect, least_scale, reduced
from core.errors import ImageRejected, ImageTooLarge, UnsupportedImage
from core.vocabulary import ImageFormat

LIMITS: dict[str, Any] = {"max_bytes": 10_000_000, "max_pixels": 40_000_000}


def png(width: int, height: int) -> bytes:
    """A PNG whose header declares a size and whose data is next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("image_format", [f for f in ImageFormat if f is not ImageFormat.HEIC])
def test_the_formats_are_told_apart_by_their_bytes(image_format: ImageFormat) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30)).save(buffer, image_format.upper())
    media_type = image_format.media_type
    facts = inspect(buffer.getvalue(), **LIMITS)
    assert facts.format is image_format
    assert (facts.media_type, facts.width, facts.height) == (media_type, 40, 30)
    assert facts.size_bytes == len(buffer.getvalue())


FOREIGN = {
    b"%PDF-1.7\n": "a PDF document",
    b"<?xml version='1.0'?>\n<!-- drawn --><svg xmlns='http://www.w3.org/2000/svg'/>": "an SVG drawing",
    b"\xef\xbb\xbf <!DOCTYPE html><HTML><body>404": "a web page",
    b"\0\0\0\x18ftypisom\0\0\2\0isomiso2": "an MP4 or QuickTime video",
    b"\0\0\0\x14ftypqt  \0\0\0\0": "an MP4 or QuickTime video",
    b"\x1aE\xdf\xa3\x01\0\0\0": "a Matroska or WebM video",
    b"RIFF\0\0\0\0AVI LIST": "an AVI video",
    b"\0\0\0\x18ftypcrx \0\0\0\1": "a camera's raw file",
    b"FUJIFILMCCD-RAW 0201": "a camera's raw file",
    b"II*\0\x10\0\0\0CR\2\0" + bytes(4) + b"\1\0\0\1\3\0\1\0\0\0\1\0\0\0": "a camera's raw file",
    b"\xff\x0a\xfa\x1f": "a JPEG XL image",
    b"\0\0\0\x0cjP  \r\n": "a JPEG 2000 image",
    b"8BPS\0\1": "a Photoshop document",
    b"PK\3\4\x14\0": "a ZIP archive",
    b"/9j/4AAQSkZJRgABAQ": "a JPEG in base64",
    b"data:image/png;base64,iVBORw0": "a data URI",
    b'{"image": "..."}': "a JSON document",
}


@pytest.mark.parametrize(("body", "what"), FOREIGN.items(), ids=FOREIGN.values())
def test_what_is_no_image_we_take_is_named_with_what_to_send(body: bytes, what: str) -> None:
    with pytest.raises(UnsupportedImage, match=f"this is {re.escape(what)}.*(send|save|sent)"):
        inspect(body, **LIMITS)


def test_a_format_that_is_switched_off_is_refused_with_the_setting() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30)).save(buffer, "AVIF")
    formats = (ImageFormat.JPEG, ImageFormat.PNG)
    with pytest.raises(
        UnsupportedImage, match=r"AVIF is not accepted here \(LIKENESS_IMAGE_FORMATS\); JPEG and PNG are accepted"
    ):
        inspect(buffer.getvalue(), **LIMITS, formats=formats)
    with pytest.raises(UnsupportedImage, match="b'no image'; JPEG and PNG are accepted"):
        inspect(b"no image", **LIMITS, formats=formats)


def jpeg(width: int, height: int, frame: int = 0xC0, components: int = 3, in_scan: int = 3, bits: int = 8) -> bytes:
    """The header of one; of the pixels only where they would begin."""
    parts = b"".join(bytes([i + 1, 0x11, 0]) for i in range(components))
    header = bytes([bits]) + height.to_bytes(2) + width.to_bytes(2) + bytes([components]) + parts
    scan = bytes([in_scan]) + bytes(2 * in_scan + 3)
    sized = [(frame, header), (0xDA, scan)]
    return b"\xff\xd8" + b"".join(bytes([0xFF, kind]) + (len(x) + 2).to_bytes(2) + x for kind, x in sized)


@pytest.mark.parametrize("frame", [0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF])
def test_a_jpeg_of_a_kind_that_no_camera_writes_is_refused_by_name(frame: int) -> None:
    with pytest.raises(UnsupportedImage, match="arithmetic-coded" if frame > 0xC8 else "lossless or hierarchical"):
        inspect(jpeg(40, 30, frame), **LIMITS)


def test_a_jpeg_of_twelve_bits_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedImage, match="12 bits a sample"):
        inspect(jpeg(40, 30, 0xC1, bits=12), **LIMITS)


def test_a_baseline_jpeg_may_have_more_pixels_than_are_decoded() -> None:
    facts = inspect(jpeg(16_320, 12_240), **LIMITS, max_reduced_pixels=200_000_000)
    assert (facts.width, facts.height) == (16_320, 12_240)
    assert least_scale(facts, LIMITS["max_pixels"]) == 4
    grey = jpeg(9602, 5009, components=1, in_scan=1)
    assert least_scale(inspect(grey, **LIMITS, max_reduced_pixels=200_000_000), LIMITS["max_pixels"]) == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (jpeg(9602, 5009, 0xC2), r"at most 40000000 are accepted \(LIKENESS_MAX_IMAGE_PIXELS\): it is progressive"),
        (jpeg(9602, 5009, in_scan=1), "it is progressive"),
        (jpeg(20_000, 12_000), r"at most 200000000 are accepted, of a JPEG too \(LIKENESS_MAX_REDUCED_PIXELS\)"),
        (png(9602, 5009), r"9602x5009 pixels; at most 40000000 are accepted \(LIKENESS_MAX_IMAGE_PIXELS\)$"),
    ],
)
def test_what_cannot_be_reduced_is_refused_with_the_setting_and_the_limit(body: bytes, reason: str) -> None:
    with pytest.raises(ImageTooLarge, match=reason):
        inspect(body, **LIMITS, max_reduced_pixels=200_000_000)


@given(width=st.integers(1, 65_535), height=st.integers(1, 65_535), most=st.integers(1024, 50_000_000))
def test_no_more_than_the_limit_is_ever_decoded(width: int, height: int, most: int) -> None:
    try:
        facts = inspect(jpeg(width, height), max_bytes=1000, max_pixels=most, max_reduced_pixels=2**32)
    except ImageTooLarge:
        assert reduced(width, 8) * reduced(height, 8) > most
        return
    scale = least_scale(facts, most)
    assert reduced(width, scale) * reduced(height, scale) <= most


def test_a_bomb_is_refused_by_its_declared_size() -> None:
    bomb = png(30_000, 30_000)
    assert len(bomb) < 5000
    with pytest.raises(ImageTooLarge, match=r"30000x30000 pixels; at most 40000000"):
        inspect(bomb, **LIMITS)


def test_too_many_bytes_are_refused_before_they_are_looked_at() -> None:
    with pytest.raises(ImageTooLarge, match="11 bytes; at most 10"):
        inspect(b"x" * 11, max_bytes=10, max_pixels=100)


STARTS = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBPVP8 ", b"GIF89a", b"BM\0\0\0\0\0\0\0\0"]
STARTS += [b"II*\0\x08\0\0\0\1\0", b"MM\0*", b"\0\0\0\x10ftypheicmif1", b"\0\0\0\x10ftypavifmif1\0\0\0\x99meta\0\0\0\0"]


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_anything_else(body: bytes) -> None:
    for start in STARTS:
        with suppress(ImageRejected):
            inspect(start + body, **LIMITS)
