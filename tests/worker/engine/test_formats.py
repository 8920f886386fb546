"""The same image in every format, mode and orientation gives nearly the same pixels: those that a person sees."""

import io
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, TiffImagePlugin

from core.comparisons.images import ImageFacts, inspect
from core.errors import ImageRejected, ImageUndecodable
from tests.support.profiles import (
    ADOBE_RGB,
    grey_profile,
    ink_profile,
    rgb_profile,
    srgb_by_another_name,
    to_srgb,
)
from worker.engine.apart import APART
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


@pytest.fixture(autouse=True, scope="module")
def _no_process_stays() -> Iterator[None]:
    """So that the tests of HEIC can save it, too."""
    pillow_heif.register_heif_opener()
    yield
    APART.close()


def gradient(width: int = 96, height: int = 64) -> Image.Image:
    """Smooth, and different in all eight orientations."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return Image.fromarray(np.stack([255 * x, 255 * y, 127 * (x + y) ** 2 / 2], axis=-1).astype(np.uint8))


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **{**OPTIONS.get(kind, {}), **options})
    return stream.getvalue()


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


@pytest.mark.parametrize("kind", TOLERANCES)
@pytest.mark.parametrize("size", [(96, 64), (61, 45), (1, 1), (300, 7)])
def test_the_same_image_gives_nearly_the_same_pixels_in_every_format(kind: str, size: tuple[int, int]) -> None:
    image = gradient(*size)
    assert worst(seen(encode(image, kind)), image) <= TOLERANCES[kind]


def test_a_gif_shows_its_first_frame() -> None:
    colours = gradient().quantize(200)
    body = encode(colours, "GIF", save_all=True, append_images=[gradient().rotate(180)], duration=50)
    assert worst(seen(body), colours) == 0


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(sorted(TOLERANCES)),
    width=st.integers(1, 70),
    height=st.integers(1, 70),
    seed=st.integers(0, 9),
)
def test_whatever_its_size_an_image_comes_back_as_it_was_saved(kind: str, width: int, height: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(0, 256, (3, 3, 3), dtype=np.uint8)).resize((width, height), 3)
    assert worst(seen(encode(soft, kind)), soft) <= TOLERANCES[kind] + 4


TURNS = [
    None,
    None,
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.ROTATE_180,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
]


def upright(orientation: int, image: Image.Image) -> Image.Image:
    turn = TURNS[orientation]
    return image if turn is None else image.transpose(turn)


def clear(image: Image.Image) -> Image.Image:
    """With alpha, opaque."""
    return image.convert("RGBA")


COLOURED = [
    ("JPEG", "RGB"),
    *((kind, mode) for kind in ("PNG", "WEBP", "TIFF", "AVIF", "HEIF") for mode in ("RGB", "RGBA")),
]


@pytest.mark.parametrize(("kind", "mode"), COLOURED)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_is_applied_exactly_once(kind: str, orientation: int, mode: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    body = encode(gradient().convert(mode), kind, exif=exif.tobytes())
    assert worst(seen(body), upright(orientation, gradient())) <= TOLERANCES[kind]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_an_animation_is_turned_as_well(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    body = encode(gradient(), kind, exif=exif, save_all=True, append_images=[gradient().rotate(180)], duration=50)
    assert worst(seen(body), upright(orientation, gradient())) == 0


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_exif_says_nothing_where_the_format_has_its_own_word_for_it(kind: str) -> None:
    """HEIC and AVIF are turned by `irot` and `imir`, and EXIF that says so again is for information."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    body = bytearray(encode(gradient(), kind, exif=exif.tobytes()))
    turned = seen(bytes(body))
    at = max(body.find(b"II*\0"), body.find(b"MM\0*"))
    if at >= 0:
        body[at:] = body[at:].replace(b"\x12\x01", b"\x0e\x01", 1).replace(b"\x01\x12", b"\x01\x0e", 1)
        assert worst(seen(bytes(body)), turned) == 0
    assert worst(turned, upright(6, gradient())) <= TOLERANCES[kind]


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


NOISE = Image.fromarray(np.random.default_rng(7).integers(0, 256, (64, 96, 3), dtype=np.uint8))
WHOLE: dict[str, bytes] = {
    "AVIF": encode(NOISE, "AVIF"),
    "GIF": encode(NOISE.quantize(250), "GIF"),
    "BMP": encode(NOISE, "BMP"),
    "TIFF": encode(NOISE, "TIFF"),
    "TIFF without compression": encode(NOISE, "TIFF", compression=None),
    "PNG with alpha": encode(clear(NOISE), "PNG"),
    "WebP with alpha": encode(cutout()[0], "WEBP"),
}


@pytest.fixture(scope="module")
def heic() -> bytes:
    pillow_heif.register_heif_opener()
    return encode(NOISE, "HEIF")


@pytest.mark.parametrize("kind", [*WHOLE, "HEIC"])
@pytest.mark.parametrize("kept", [0.02, 0.1, 0.5, 0.9, 0.98])
def test_what_lacks_pixels_is_refused(kind: str, kept: float, heic: bytes) -> None:
    whole = WHOLE.get(kind, heic)
    assert seen(whole).size
    body = whole[: int(len(whole) * kept)]
    with pytest.raises(ImageRejected):
        decode(body, facts_of(body))


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(WHOLE)),
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=8)), min_size=1, max_size=6),
)
def test_damage_gives_an_image_or_a_rejection_and_nothing_else(kind: str, edits: list[tuple[float, bytes]]) -> None:
    body = WHOLE[kind]
    for where, replacement in edits:
        at = int(where**3 * len(body))
        body = body[:at] + replacement + body[at + 4 :]
    try:
        facts = inspect(body, max_bytes=10_000_000, max_pixels=1_000_000)
        pixels = decode(body, facts)
    except ImageRejected:
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 3


def test_the_first_page_of_a_tiff_and_the_primary_image_of_a_heic_count() -> None:
    other = gradient().rotate(180)
    assert worst(seen(encode(gradient(), "TIFF", save_all=True, append_images=[other])), gradient()) == 0
    body = encode(gradient(), "HEIF", save_all=True, append_images=[other], primary_index=0)
    assert worst(seen(body), gradient()) <= TOLERANCES["HEIF"]
    body = encode(gradient(), "HEIF", save_all=True, append_images=[gradient(128, 96)], primary_index=1)
    assert (facts_of(body).width, facts_of(body).height) == (128, 96)
    assert worst(seen(body), gradient(128, 96)) <= TOLERANCES["HEIF"]


def test_a_heic_may_be_a_grid_of_tiles_as_phones_write_it() -> None:
    image = gradient(600, 400)
    body = encode(image, "HEIF", tile_size=256)
    assert b"grid" in body
    assert facts_of(body).media_type == "image/heic"
    assert worst(seen(body), image) <= TOLERANCES["HEIF"]


@pytest.mark.parametrize("layout", [{"tiled": True}, {"strip_size": 300}, {"big": True}])
def test_a_tiff_in_any_layout_is_whole_or_refused_by_name(layout: dict[str, Any]) -> None:
    if "strip_size" in layout:
        before = TiffImagePlugin.STRIP_SIZE
        TiffImagePlugin.STRIP_SIZE = layout["strip_size"]
        try:
            body = encode(gradient(), "TIFF")
        finally:
            TiffImagePlugin.STRIP_SIZE = before
    elif "big" in layout:
        body = encode(gradient(), "TIFF", big_tiff=True, compression=None)
        with pytest.raises(ImageRejected, match="a BigTIFF image"):
            facts_of(body)
        return
    else:
        body = encode(gradient(), "TIFF", tiffinfo={322: 16, 323: 16})
    assert worst(seen(body), gradient()) == 0
