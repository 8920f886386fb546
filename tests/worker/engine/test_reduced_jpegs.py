"""A JPEG is decoded at a half, a quarter or an eighth: upright, and refused where the whole is."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.comparisons.images import ImageFacts, inspect
from core.errors import ImageRejected
from tests.worker.engine.images import ORIENTATION, gradient, noise, saved
from worker.engine.decode import DecodedImage, decode, scale_to_crop, scale_to_detect

FactsOf = Callable[[bytes], ImageFacts]
SCALES = (2, 4, 8)
WHOLE = {
    "JPEG": saved(noise(), "JPEG"),
    "progressive JPEG": saved(noise(), "JPEG", progressive=True),
    "JPEG with restarts": saved(noise(), "JPEG", restart_marker_blocks=4),
}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_reduced_jpeg_is_upright_and_its_pixels_are_means_of_the_whole(
    scale: int, orientation: int, facts_of: FactsOf
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    body = saved(gradient(), "JPEG", exif=exif, quality=100, subsampling=0)
    reduced = decode(body, facts_of(body), scale)
    height, width = reduced.shape[:2]
    means = decode(body, facts_of(body)).reshape(height, scale, width, scale, 3).mean(axis=(1, 3))
    assert np.abs(reduced - means).max() <= 3


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("kept", [0.5, 0.9, 0.99])
def test_a_truncated_jpeg_is_undecodable_at_every_scale(scale: int, kind: str, kept: float, facts_of: FactsOf) -> None:
    cut = WHOLE[kind][: int(len(WHOLE[kind]) * kept)]
    with pytest.raises(ImageRejected):
        decode(cut, facts_of(cut), scale)


@settings(max_examples=200, deadline=None)
@given(
    scale=st.sampled_from(SCALES),
    kind=st.sampled_from(sorted(WHOLE)),
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
    body = saved(gradient(97, 61), "JPEG", exif=exif)
    decoded = DecodedImage.of(body, facts_of(body), scale)
    assert (decoded.width, decoded.height) == ((97, 61) if orientation == 1 else (61, 97))
    assert decoded.pixels.shape == (-(-decoded.height // scale), -(-decoded.width // scale), 3)


def test_a_point_lies_in_the_pixel_that_its_pixel_became_part_of() -> None:
    decoded = DecodedImage(np.zeros((30, 40, 3), np.uint8), 2, 60, 80)
    assert decoded.inside([(0.5, 0.5), (20.5, 2.5)]) == ((0.0, 0.0), (10.0, 1.0))
    whole = replace(decoded, scale=1)
    assert whole.inside([(20.3, 2.7)]) == ((20.3, 2.7),)
