"""Alignment is InsightFace's, to a millionth of a pixel, without the function that scikit-image is removing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from insightface.utils import face_align

from worker.engine.align import align, similarity

TEMPLATE = face_align.arcface_dst.astype(np.float64)

Keypoints = tuple[tuple[float, float], ...]

# The template, scaled, turned and moved, each point then shaken: a face anywhere in an image.
placed_faces = st.builds(
    lambda scale, angle, x, y, shake: tuple(
        (
            x + scale * (np.cos(angle) * px - np.sin(angle) * py) + dx * scale,
            y + scale * (np.sin(angle) * px + np.cos(angle) * py) + dy * scale,
        )
        for (px, py), (dx, dy) in zip(TEMPLATE.tolist(), shake, strict=True)
    ),
    st.floats(0.2, 8),
    st.floats(-3.2, 3.2),
    st.floats(-100, 2000),
    st.floats(-100, 2000),
    st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=5, max_size=5),
)


@pytest.mark.filterwarnings("ignore:.*estimate. is deprecated:FutureWarning")
@given(placed_faces)
def test_the_transform_is_insightfaces(keypoints: Keypoints) -> None:
    theirs = face_align.estimate_norm(np.asarray(keypoints))
    corners = np.array([[0, 0, 1], [112, 0, 1], [0, 112, 1], *[(x, y, 1) for x, y in keypoints]])
    assert np.allclose(corners @ similarity(keypoints).T, corners @ theirs.T, rtol=0, atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*estimate. is deprecated:FutureWarning")
def test_the_crop_is_insightfaces() -> None:
    image = np.random.default_rng(3).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    keypoints = ((150.3, 120.1), (210.9, 118.0), (181.2, 160.7), (155.5, 190.2), (205.4, 188.8))
    theirs = face_align.norm_crop(image, np.asarray(keypoints))
    assert np.array_equal(align(image, keypoints), theirs)


def test_a_face_on_the_template_is_not_moved() -> None:
    image = np.random.default_rng(3).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    assert np.array_equal(align(image, tuple((x, y) for x, y in TEMPLATE.tolist())), image)


def test_a_face_far_to_the_right_of_a_very_wide_image_is_cut_out_as_elsewhere() -> None:
    face = np.random.default_rng(3).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    wide = np.zeros((112, 70_000, 3), np.uint8)
    wide[:, 60_000:60_112] = face
    crop = align(wide, tuple((x + 60_000, y) for x, y in TEMPLATE.tolist()))
    assert np.array_equal(crop, face)


def test_keypoints_in_one_spot_give_a_crop_and_no_crash() -> None:
    assert align(np.zeros((50, 50, 3), np.uint8), ((20.0, 20.0),) * 5).shape == (112, 112, 3)
