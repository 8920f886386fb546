"""Whatever an image's mode, depth, profile or transparency, its pixels have the colours that a person sees."""

import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from core.errors import ImageUndecodable
from tests.support.profiles import (
    ADOBE_RGB,
    grey_profile,
    ink_profile,
    rgb_profile,
    srgb_by_another_name,
    to_srgb,
)
from tests.worker.engine.images import COLOURED, TOLERANCES, cutout, encode, facts_of, gradient, seen, worst
from worker.engine.decode import decode

pytestmark = pytest.mark.usefixtures("no_process_stays")


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_what_is_transparent_is_seen_on_white(kind: str) -> None:
    image, on_white = cutout()
    assert worst(seen(encode(image, kind)), on_white) <= TOLERANCES[kind] + 3


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_palette_may_have_a_transparent_colour(kind: str) -> None:
    image, _ = cutout()
    palette = gradient().quantize(200)
    index = np.asarray(palette).copy()
    index[np.asarray(image)[:, :, 3] == 0] = 200
    keyed = Image.fromarray(index, "P")
    keyed.putpalette([*(palette.getpalette() or [])[:600], 0, 0, 0])
    body = encode(keyed, kind, transparency=200)
    expected = np.asarray(keyed.convert("RGB")).copy()
    expected[index == 200] = 255
    assert worst(seen(body), expected) == 0


def png_of(samples: Any, colour_type: int, depth: int, **chunks: bytes) -> bytes:
    """A PNG of samples as they are, with these chunks before the pixels."""
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = samples.shape[:2]
    if depth == 16:
        rows = [row.astype(">u2").tobytes() for row in samples]
    elif depth == 8:
        rows = [row.astype(np.uint8).tobytes() for row in samples]
    else:
        each = 8 // depth
        rows = [
            bytes(
                sum(int(v) << (8 - depth * (i + 1)) for i, v in enumerate(row[x : x + each]))
                for x in range(0, width, each)
            )
            for row in samples
        ]
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    parts = [(b"IHDR", header), *((k.encode(), v) for k, v in chunks.items())]
    parts += [(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_grey_png_of_every_depth_is_scaled_and_may_have_a_transparent_grey(depth: int) -> None:
    top = 2**depth - 1
    samples = np.tile(np.linspace(0, top, 16).round().astype(np.uint16), (4, 1))
    expected = (samples.astype(np.uint32) * 255 // top).astype(np.uint8)
    plain = np.dstack([expected] * 3)
    assert worst(seen(png_of(samples, 0, depth)), plain) <= 1
    plain = np.where((samples == samples[0, 0])[:, :, None], 255, plain)
    assert worst(seen(png_of(samples, 0, depth, tRNS=struct.pack(">H", samples[0, 0]))), plain) <= 1


@pytest.mark.parametrize("depth", [8, 16])
def test_a_coloured_png_may_have_a_transparent_colour(depth: int) -> None:
    samples = np.asarray(gradient()).astype(np.uint16) * (257 if depth == 16 else 1)
    key = samples[10, 10]
    expected = np.asarray(gradient()).copy()
    expected[(samples == key).all(axis=2)] = 255
    assert worst(seen(png_of(samples, 2, depth, tRNS=struct.pack(">3H", *key))), expected) == 0


def test_sixteen_bits_with_alpha_are_scaled() -> None:
    image, on_white = cutout()
    samples = np.asarray(image).astype(np.uint16) * 257
    assert worst(seen(png_of(samples, 6, 16)), on_white) <= 1


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_and_not_cut(kind: str) -> None:
    deep = np.asarray(gradient().convert("L")).astype(np.uint16) * 257
    assert worst(seen(encode(Image.fromarray(deep), kind)), gradient().convert("L")) <= 1


MODES = [
    ("1", "PNG"),
    ("1", "TIFF"),
    ("1", "BMP"),
    ("L", "JPEG"),
    ("L", "TIFF"),
    ("L", "BMP"),
    ("L", "AVIF"),
    ("L", "HEIF"),
]
MODES += [("LA", "PNG"), ("LA", "TIFF"), ("P", "PNG"), ("P", "TIFF"), ("P", "BMP"), ("CMYK", "TIFF"), ("CMYK", "JPEG")]


@pytest.mark.parametrize(("mode", "kind"), MODES)
def test_every_mode_is_seen_in_its_colours(mode: str, kind: str) -> None:
    image = gradient().quantize(200) if mode == "P" else gradient().convert(mode)
    assert worst(seen(encode(image, kind)), image) <= max(TOLERANCES[kind], 2)


def without_adobe(body: bytes) -> bytes:
    at = body.index(b"\xff\xee\0\x0eAdobe")
    return body[:at] + body[at + 16 :]


def test_a_cmyk_jpeg_has_the_same_colours_with_the_marker_of_adobe_and_without() -> None:
    body = encode(gradient().convert("CMYK"), "JPEG")
    assert worst(seen(body), gradient()) <= 3
    assert worst(seen(without_adobe(body)), gradient()) <= 3


@pytest.mark.parametrize(("kind", "mode"), COLOURED)
def test_a_wide_gamut_is_converted_to_srgb(kind: str, mode: str) -> None:
    body = encode(gradient().convert(mode), kind, icc_profile=rgb_profile(ADOBE_RGB))
    expected = to_srgb(np.asarray(gradient()), ADOBE_RGB)
    assert np.abs(expected - np.asarray(gradient())).max() > 20
    assert np.mean(np.abs(seen(body) - expected)) < 1.5
    if not TOLERANCES[kind]:  # in dark colours, what is lost is lost several times over
        assert worst(seen(body), expected) <= 4


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG", "AVIF", "HEIF"])
@pytest.mark.parametrize(
    "profile",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        srgb_by_another_name(),
        rgb_profile(ADOBE_RGB)[:200],
        rgb_profile(ADOBE_RGB)[:100] + b"\xff" * 300,
        grey_profile(gamma=1.0),
        ink_profile(),
        b"x",
        rgb_profile(ADOBE_RGB) + bytes(5 * 2**20),
    ],
    ids=["sRGB", "sRGB by another name", "cut off", "damaged", "of greys", "of inks", "a byte", "too large"],
)
def test_a_profile_that_is_srgb_or_useless_changes_no_pixel(kind: str, profile: bytes) -> None:
    plain = encode(gradient(), kind)
    assert np.array_equal(seen(encode(gradient(), kind, icc_profile=profile)), seen(plain))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_greys_have_profiles_too(kind: str) -> None:
    grey = gradient().convert("L")
    body = encode(grey, kind, icc_profile=grey_profile(gamma=1.5))
    linear = (np.asarray(grey) / 255) ** 1.5
    expected = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert worst(seen(body), np.dstack([expected] * 3)) <= 3 + TOLERANCES[kind]
    assert np.mean(seen(body)) > np.mean(np.asarray(grey)) + 10


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_are_seen_as_their_profile_prints_them(kind: str) -> None:
    """With this one any ink is black; without, the paper is yellow."""
    yellow = Image.new("CMYK", (64, 64), (0, 0, 255, 0))
    assert worst(seen(encode(yellow, kind)), Image.new("RGB", (64, 64), (255, 255, 0))) <= 3
    assert worst(seen(encode(yellow, kind, icc_profile=ink_profile())), Image.new("RGB", (64, 64), (0, 0, 0))) <= 3
    paper = Image.new("CMYK", (64, 64), (0, 0, 0, 0))
    assert worst(seen(encode(paper, kind, icc_profile=ink_profile())), Image.new("RGB", (64, 64), "white")) <= 3


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_a_jpeg_is_reduced_whatever_its_colours(scale: int) -> None:
    for mode, profile in (("RGB", rgb_profile(ADOBE_RGB)), ("CMYK", ink_profile()), ("L", grey_profile(gamma=1.0))):
        body = encode(gradient(97, 61).convert(mode), "JPEG", icc_profile=profile)
        assert decode(body, facts_of(body), scale).shape == (-(-61 // scale), -(-97 // scale), 3)


def test_a_truncated_jpeg_of_inks_is_undecodable() -> None:
    rng = np.random.default_rng(3)
    inks = Image.fromarray(rng.integers(0, 256, (90, 90, 4), dtype=np.uint8), "CMYK")
    body = encode(inks, "JPEG", icc_profile=ink_profile())
    for cut in (body[: len(body) * 9 // 10], body[: len(body) * 9 // 10] + b"\xff\xd9", body[:-6]):
        with pytest.raises(ImageUndecodable):
            decode(cut, facts_of(cut))
    assert np.array_equal(seen(body[:-2]), seen(body))
