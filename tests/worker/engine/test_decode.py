"""Every kind of image becomes 8-bit BGR, upright and whole, or has one name for its failure."""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from core.comparisons.images import ImageFacts, inspect
from core.errors import ImageRejected, ImageUndecodable
from tests.worker.engine.images import ORIENTATION, gradient, noise, saved
from worker.engine.contract import Image as Pixels
from worker.engine.decode import decode

FactsOf = Callable[[bytes], ImageFacts]


def bgr(image: Image.Image) -> npt.NDArray[np.int64]:
    return np.asarray(image.convert("RGB"))[:, :, ::-1].astype(np.int64)


def worst_difference(pixels: Pixels, expected: npt.NDArray[np.int64]) -> int:
    assert pixels.dtype == np.uint8
    assert pixels.shape == expected.shape
    return int(np.abs(pixels - expected).max())


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


LOSSLESS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "WEBP": {"lossless": True},
    "JPEG": {"quality": 100, "subsampling": 0},
}


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied_once(kind: str, orientation: int, facts_of: FactsOf) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    body = saved(gradient(), kind, exif=exif, **LOSSLESS[kind])
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(body)))
    assert worst_difference(decode(body, facts_of(body)), bgr(upright)) == 0


def test_the_exif_orientation_may_be_big_endian_and_behind_the_pixels(facts_of: FactsOf) -> None:
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, ORIENTATION, 3, 1, 6, 0, 0)
    plain = saved(gradient(), "PNG")
    body = plain[:-12] + png_chunk(b"eXIf", tiff) + plain[-12:]
    turned = gradient().transpose(Image.Transpose.ROTATE_270)
    assert worst_difference(decode(body, facts_of(body)), bgr(turned)) == 0


def sixteen_bit(image: Image.Image, *, channels: int) -> bytes:
    deep = (np.asarray(image.convert("RGB")).astype(np.uint16) * 257)[:, :, ::-1]
    if channels == 1:
        deep = np.asarray(image.convert("L")).astype(np.uint16) * 257
    if channels == 4:
        deep = np.dstack([deep, np.full(deep.shape[:2], 65535, np.uint16)])
    written, stream = cv2.imencode(".png", deep)
    assert written
    return bytes(stream.tobytes())


def frames(kind: str) -> bytes:
    others = [gradient().rotate(180), noise()]
    return saved(gradient(), kind, save_all=True, append_images=others, duration=100, **LOSSLESS[kind])


GREY = gradient().convert("L")
PALETTE = gradient().quantize(200)
KINDS: dict[str, tuple[bytes, Image.Image, int]] = {
    "JPEG": (saved(gradient(), "JPEG", quality=95), gradient(), 12),
    "progressive JPEG": (saved(gradient(), "JPEG", quality=95, progressive=True), gradient(), 12),
    "grey JPEG": (saved(GREY, "JPEG", quality=100), GREY, 3),
    "CMYK JPEG": (saved(gradient().convert("CMYK"), "JPEG", quality=100), gradient(), 12),
    "PNG": (saved(gradient(), "PNG"), gradient(), 0),
    "grey PNG": (saved(GREY, "PNG"), GREY, 0),
    "grey PNG with alpha": (saved(GREY.convert("LA"), "PNG"), GREY, 0),
    "two-colour PNG": (saved(GREY.convert("1"), "PNG"), GREY.convert("1"), 0),
    "palette PNG": (saved(PALETTE, "PNG"), PALETTE, 0),
    "PNG with alpha": (saved(gradient().convert("RGBA"), "PNG"), gradient(), 0),
    "16-bit grey PNG": (sixteen_bit(gradient(), channels=1), GREY, 0),
    "16-bit PNG": (sixteen_bit(gradient(), channels=3), gradient(), 0),
    "16-bit PNG with alpha": (sixteen_bit(gradient(), channels=4), gradient(), 0),
    "animated PNG": (frames("PNG"), gradient(), 0),
    "WebP": (saved(gradient(), "WEBP", quality=95), gradient(), 12),
    "lossless WebP": (saved(gradient(), "WEBP", lossless=True), gradient(), 0),
    "WebP with alpha": (saved(gradient().convert("RGBA"), "WEBP", lossless=True), gradient(), 0),
    "animated WebP": (frames("WEBP"), gradient(), 0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_becomes_eight_bit_bgr(kind: str, facts_of: FactsOf) -> None:
    body, original, tolerance = KINDS[kind]
    assert worst_difference(decode(body, facts_of(body)), bgr(original)) <= tolerance


WHOLE = {
    "JPEG": saved(noise(), "JPEG"),
    "progressive JPEG": saved(noise(), "JPEG", progressive=True),
    "JPEG with restarts": saved(noise(), "JPEG", restart_marker_blocks=4),
    "PNG": saved(noise(), "PNG"),
    "palette PNG": saved(noise().quantize(250), "PNG"),
    "WebP": saved(noise(), "WEBP"),
    "lossless WebP": saved(noise(), "WEBP", lossless=True),
    "animated WebP": saved(noise(), "WEBP", save_all=True, append_images=[gradient()]),
}


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99, -3, -6])
def test_a_truncated_image_is_undecodable(kind: str, kept: float) -> None:
    whole = WHOLE[kind]
    body = whole[: int(kept) if kept < 0 else int(len(whole) * kept)]
    with pytest.raises(ImageRejected):
        decode(body, inspect(body, max_bytes=10_000_000, max_pixels=10_000_000))


JPEGS = [kind for kind in WHOLE if "JPEG" in kind]


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("missing", [1, 2])
@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_a_jpeg_that_lacks_its_end_marker_only_is_whole(kind: str, missing: int, scale: int, facts_of: FactsOf) -> None:
    whole = WHOLE[kind]
    assert whole.endswith(b"\xff\xd9")
    body = whole[:-missing]
    assert np.array_equal(decode(body, facts_of(body), scale), decode(whole, facts_of(whole), scale))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("image", [noise(61, 45), gradient(61, 45)], ids=["noise", "gradient"])
@settings(max_examples=60, deadline=None)
@given(missing=st.integers(1, 400))
def test_a_jpeg_without_end_is_whole_or_refused_and_never_filled_up(
    image: Image.Image, progressive: bool, missing: int
) -> None:
    whole = saved(image, "JPEG", quality=90, progressive=progressive, optimize=True)
    scan = whole.rindex(b"\xff\xda") + 20
    body = whole[: max(scan, len(whole) - 2 - missing)]
    facts = inspect(body, max_bytes=10_000_000, max_pixels=1_000_000)
    try:
        seen = decode(body, facts)
    except ImageUndecodable:
        return
    assert np.array_equal(seen, decode(whole, facts))


@pytest.mark.parametrize("layout", [{}, {"restart_marker_blocks": 4}])
@pytest.mark.parametrize("kept", [0.5, 0.9, 0.99])
def test_an_end_marker_does_not_make_a_truncated_jpeg_whole(
    layout: dict[str, Any], kept: float, facts_of: FactsOf
) -> None:
    whole = saved(noise(256, 256), "JPEG", **layout)
    body = whole[: int(len(whole) * kept)] + b"\xff\xd9"
    with pytest.raises(ImageUndecodable, match="truncated or damaged"):
        decode(body, facts_of(body))


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (17, 33), (112, 112)])
@pytest.mark.parametrize("quality", [30, 75, 100])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("layout", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_a_whole_jpeg_has_the_pixels_that_pillow_sees(
    size: tuple[int, int], quality: int, subsampling: int, layout: dict[str, Any], facts_of: FactsOf
) -> None:
    body = saved(noise(*size), "JPEG", quality=quality, subsampling=subsampling, **layout)
    assert worst_difference(decode(body, facts_of(body)), bgr(Image.open(io.BytesIO(body)))) == 0


def test_a_jpeg_may_hold_a_thumbnail_and_bytes_after_its_end(facts_of: FactsOf) -> None:
    plain = saved(gradient(), "JPEG")
    thumbnail = b"Exif\0\0" + saved(gradient(16, 16), "JPEG")
    body = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + plain[2:] + b"trailer"
    assert np.array_equal(decode(body, facts_of(body)), decode(plain, facts_of(plain)))


def test_a_png_with_too_few_rows_is_undecodable_although_its_checksums_are_right(facts_of: FactsOf) -> None:
    header = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    half = zlib.compress((b"\0" + b"\x40" * 64 * 3) * 32)
    body = b"\x89PNG\r\n\x1a\n" + b"".join(
        png_chunk(name, data) for name, data in ((b"IHDR", header), (b"IDAT", half), (b"IEND", b""))
    )
    with pytest.raises(ImageUndecodable):
        decode(body, facts_of(body))


def test_an_image_that_is_not_what_its_header_said_is_undecodable(facts_of: FactsOf) -> None:
    body = saved(gradient(), "PNG")
    with pytest.raises(ImageUndecodable, match="the header says 97x64 pixels, the image has 96x64"):
        decode(body, replace(facts_of(body), width=97))


# Pillow warns about EXIF that it cannot read.
@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(sorted(WHOLE)),
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=8)), min_size=1, max_size=6),
)
def test_damage_gives_an_image_or_a_rejection_and_nothing_else(kind: str, edits: list[tuple[float, bytes]]) -> None:
    body = WHOLE[kind]
    for where, replacement in edits:
        at = int(where**3 * len(body))  # mostly near the beginning, where the structure is
        body = body[:at] + replacement + body[at + 4 :]
    try:
        facts = inspect(body, max_bytes=10_000_000, max_pixels=1_000_000)
        pixels = decode(body, facts)
    except ImageRejected:
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 3
    assert {*pixels.shape[:2]} == {facts.width, facts.height}
