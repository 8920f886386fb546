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
from worker.engine.contract import Image as Pixels
from worker.engine.decode import DecodedImage, decode, scale_to_crop, scale_to_detect

FactsOf = Callable[[bytes], ImageFacts]
ORIENTATION = 0x0112


def gradient(width: int = 96, height: int = 64) -> Image.Image:
    """Smooth, and different in all eight orientations."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    pixels = np.stack([255 * x, 255 * y, 127 * (x + y) ** 2 / 2], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


def noise(width: int = 96, height: int = 64) -> Image.Image:
    """Many bytes for few pixels, so that a cut anywhere removes some of them."""
    rng = np.random.default_rng(7)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


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
    body = encode(gradient(), kind, exif=exif, **LOSSLESS[kind])
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(body)))
    assert worst_difference(decode(body, facts_of(body)), bgr(upright)) == 0


def test_the_exif_orientation_may_be_big_endian_and_behind_the_pixels(facts_of: FactsOf) -> None:
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, ORIENTATION, 3, 1, 6, 0, 0)
    plain = encode(gradient(), "PNG")
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
    return encode(gradient(), kind, save_all=True, append_images=others, duration=100, **LOSSLESS[kind])


GREY = gradient().convert("L")
PALETTE = gradient().quantize(200)
KINDS: dict[str, tuple[bytes, Image.Image, int]] = {
    "JPEG": (encode(gradient(), "JPEG", quality=95), gradient(), 12),
    "progressive JPEG": (encode(gradient(), "JPEG", quality=95, progressive=True), gradient(), 12),
    "grey JPEG": (encode(GREY, "JPEG", quality=100), GREY, 3),
    "CMYK JPEG": (encode(gradient().convert("CMYK"), "JPEG", quality=100), gradient(), 12),
    "PNG": (encode(gradient(), "PNG"), gradient(), 0),
    "grey PNG": (encode(GREY, "PNG"), GREY, 0),
    "grey PNG with alpha": (encode(GREY.convert("LA"), "PNG"), GREY, 0),
    "two-colour PNG": (encode(GREY.convert("1"), "PNG"), GREY.convert("1"), 0),
    "palette PNG": (encode(PALETTE, "PNG"), PALETTE, 0),
    "PNG with alpha": (encode(gradient().convert("RGBA"), "PNG"), gradient(), 0),
    "16-bit grey PNG": (sixteen_bit(gradient(), channels=1), GREY, 0),
    "16-bit PNG": (sixteen_bit(gradient(), channels=3), gradient(), 0),
    "16-bit PNG with alpha": (sixteen_bit(gradient(), channels=4), gradient(), 0),
    "animated PNG": (frames("PNG"), gradient(), 0),
    "WebP": (encode(gradient(), "WEBP", quality=95), gradient(), 12),
    "lossless WebP": (encode(gradient(), "WEBP", lossless=True), gradient(), 0),
    "WebP with alpha": (encode(gradient().convert("RGBA"), "WEBP", lossless=True), gradient(), 0),
    "animated WebP": (frames("WEBP"), gradient(), 0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_becomes_eight_bit_bgr(kind: str, facts_of: FactsOf) -> None:
    body, original, tolerance = KINDS[kind]
    assert worst_difference(decode(body, facts_of(body)), bgr(original)) <= tolerance


WHOLE = {
    "JPEG": encode(noise(), "JPEG"),
    "progressive JPEG": encode(noise(), "JPEG", progressive=True),
    "JPEG with restarts": encode(noise(), "JPEG", restart_marker_blocks=4),
    "PNG": encode(noise(), "PNG"),
    "palette PNG": encode(noise().quantize(250), "PNG"),
    "WebP": encode(noise(), "WEBP"),
    "lossless WebP": encode(noise(), "WEBP", lossless=True),
    "animated WebP": encode(noise(), "WEBP", save_all=True, append_images=[gradient()]),
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
    whole = encode(image, "JPEG", quality=90, progressive=progressive, optimize=True)
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
    whole = encode(noise(256, 256), "JPEG", **layout)
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
    body = encode(noise(*size), "JPEG", quality=quality, subsampling=subsampling, **layout)
    assert worst_difference(decode(body, facts_of(body)), bgr(Image.open(io.BytesIO(body)))) == 0


def test_a_jpeg_may_hold_a_thumbnail_and_bytes_after_its_end(facts_of: FactsOf) -> None:
    plain = encode(gradient(), "JPEG")
    thumbnail = b"Exif\0\0" + encode(gradient(16, 16), "JPEG")
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
    body = encode(gradient(), "PNG")
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


SCALES = (2, 4, 8)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_reduced_jpeg_is_upright_and_its_pixels_are_means_of_the_whole(
    scale: int, orientation: int, facts_of: FactsOf
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    body = encode(gradient(), "JPEG", exif=exif, **LOSSLESS["JPEG"])
    reduced = decode(body, facts_of(body), scale)
    height, width = reduced.shape[:2]
    means = decode(body, facts_of(body)).reshape(height, scale, width, scale, 3).mean(axis=(1, 3))
    assert np.abs(reduced - means).max() <= 3


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("kind", ["JPEG", "progressive JPEG", "JPEG with restarts"])
@pytest.mark.parametrize("kept", [0.5, 0.9, 0.99])
def test_a_truncated_jpeg_is_undecodable_at_every_scale(scale: int, kind: str, kept: float, facts_of: FactsOf) -> None:
    cut = WHOLE[kind][: int(len(WHOLE[kind]) * kept)]
    with pytest.raises(ImageRejected):
        decode(cut, facts_of(cut), scale)


@settings(max_examples=200, deadline=None)
@given(
    scale=st.sampled_from(SCALES),
    kind=st.sampled_from(["JPEG", "progressive JPEG", "JPEG with restarts"]),
    where=st.floats(0, 1, exclude_max=True),
    replacement=st.binary(max_size=8),
)
def test_damage_is_refused_when_reduced_exactly_where_it_is_refused_in_the_whole(
    scale: int, kind: str, where: float, replacement: bytes
) -> None:
    at = int(where**2 * len(WHOLE[kind]))
    body = WHOLE[kind][:at] + replacement + WHOLE[kind][at + 4 :]
    try:
        facts = inspect(body, max_bytes=10_000_000, max_pixels=1_000_000)
    except ImageRejected:
        return
    assert is_refused(body, facts, scale) == is_refused(body, facts, 1)


def is_refused(body: bytes, facts: ImageFacts, scale: int) -> bool:
    try:
        decode(body, facts, scale)
    except ImageRejected:
        return True
    return False


def jpeg_of(width: int, height: int) -> ImageFacts:
    return ImageFacts("image/jpeg", width, height, 0, "")


@pytest.mark.parametrize(
    ("facts", "detection_size", "scale", "scale_of_small_first"),
    [
        (jpeg_of(250, 250), 320, 1, 1),
        (jpeg_of(250, 250), 640, 1, 1),
        (jpeg_of(1919, 1080), 640, 1, 1),
        (jpeg_of(1080, 1920), 640, 1, 2),
        (jpeg_of(2559, 1920), 640, 1, 2),
        (jpeg_of(1920, 2560), 640, 2, 2),
        (jpeg_of(4000, 3000), 640, 2, 4),
        (jpeg_of(5120, 4000), 640, 4, 4),
        (jpeg_of(7680, 4000), 640, 4, 8),
        (jpeg_of(4000, 3000), 320, 4, 4),
        (jpeg_of(4000, 3000), 1024, 1, 2),
        (jpeg_of(10_240, 3000), 640, 8, 8),
        (jpeg_of(60_000, 600), 320, 8, 8),
        (replace(jpeg_of(4000, 3000), media_type="image/png"), 640, 1, 1),
        (replace(jpeg_of(4000, 3000), media_type="image/webp"), 640, 1, 1),
    ],
)
def test_a_reduced_jpeg_is_twice_as_long_as_the_first_view_and_half_as_long_again_as_a_later_one(
    facts: ImageFacts, detection_size: int, scale: int, scale_of_small_first: int
) -> None:
    assert scale_to_detect(facts, detection_size, detection_size) == scale
    assert scale_to_detect(facts, detection_size, 320) == scale_of_small_first


@pytest.mark.parametrize(("face_px", "scale"), [(24, 1), (223, 1), (224, 2), (448, 4), (896, 8), (3000, 8)])
def test_a_face_is_cut_from_at_least_as_many_pixels_as_its_crop_has(face_px: float, scale: int) -> None:
    assert scale_to_crop(face_px) == scale


@pytest.mark.parametrize("scale", [1, *SCALES])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_decoded_image_knows_the_size_of_the_upright_whole(scale: int, orientation: int, facts_of: FactsOf) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    body = encode(gradient(97, 61), "JPEG", exif=exif)
    decoded = DecodedImage.of(body, facts_of(body), scale)
    assert (decoded.width, decoded.height) == ((97, 61) if orientation == 1 else (61, 97))
    assert decoded.pixels.shape == (-(-decoded.height // scale), -(-decoded.width // scale), 3)


def test_a_point_lies_in_the_pixel_that_its_pixel_became_part_of() -> None:
    decoded = DecodedImage(np.zeros((30, 40, 3), np.uint8), 2, 60, 80)
    assert decoded.inside([(0.5, 0.5), (20.5, 2.5)]) == ((0.0, 0.0), (10.0, 1.0))
    whole = replace(decoded, scale=1)
    assert whole.inside([(20.3, 2.7)]) == ((20.3, 2.7),)
