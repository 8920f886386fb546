"""The same image in every format and orientation gives nearly the same pixels: those that a person sees."""

from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from core.comparisons.images import inspect
from core.errors import ImageRejected
from tests.worker.engine.images import (
    COLOURED,
    ORIENTATION,
    TOLERANCES,
    cutout,
    encode,
    facts_of,
    gradient,
    noise,
    seen,
    worst,
)
from worker.engine.decode import decode

pytestmark = pytest.mark.usefixtures("no_process_stays")


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


NOISE = noise()
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
