"""How large a view a policy needs; the detector is one that knows where its faces are, and how small it can see."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from core.vocabulary import Policy
from worker.engine.contract import Image
from worker.engine.detect import LARGE_FACE_PX, Detector

#: Left, top, side.
Square = tuple[float, float, float]


@dataclass
class KeenEye:
    """Finds every square of at least 10 pixels of its view."""

    squares: tuple[Square, ...]
    static_input_size: tuple[int, int] | None = None
    looked_at: list[int] = field(default_factory=list)
    input_sizes: list[tuple[int, int]] = field(default_factory=list)

    def detect(self, image: Image, input_size: tuple[int, int]) -> tuple[Any, Any]:
        self.looked_at.append(input_size[0])
        self.input_sizes.append(input_size)
        view = input_size[0] / max(image.shape[:2])
        seen = [(x, y, side) for x, y, side in self.squares if side * view >= 10]
        boxes = np.array([(x, y, x + side, y + side, 0.9) for x, y, side in seen]).reshape(-1, 5)
        return boxes, np.array([[(x + side / 2, y + side / 2)] * 5 for x, y, side in seen]).reshape(-1, 5, 2)


PHOTOGRAPH = np.zeros((1200, 1600, 3), np.uint8)
VIEW_PX = 1600 / 320
LARGE: Square = (100, 100, LARGE_FACE_PX * VIEW_PX)
SMALLER: Square = (100, 100, LARGE_FACE_PX * VIEW_PX - 1)
TINY: Square = (800, 800, 30)


def test_a_large_face_is_enough_for_largest() -> None:
    eye = KeenEye((TINY, LARGE))
    seen = Detector(eye, 640).look(PHOTOGRAPH, Policy.LARGEST)
    assert (seen.size, len(seen.faces)) == (320, 1)
    assert eye.looked_at == [320]


@pytest.mark.parametrize("policy", [Policy.MOST_CENTRAL, Policy.REQUIRE_ONE])
def test_the_other_policies_need_every_face(policy: Policy) -> None:
    eye = KeenEye((TINY, LARGE))
    seen = Detector(eye, 640).look(PHOTOGRAPH, policy)
    assert (seen.size, len(seen.faces)) == (640, 2)
    assert eye.looked_at == [640]


@pytest.mark.parametrize("squares", [(), (TINY,), (SMALLER,)])
def test_nothing_large_means_a_closer_look(squares: tuple[Square, ...]) -> None:
    seen = Detector(KeenEye(squares), 640).look(PHOTOGRAPH, Policy.LARGEST)
    assert (seen.size, len(seen.faces)) == (640, len(squares))


def test_a_second_face_nearly_as_large_means_a_closer_look() -> None:
    rival, lesser = (600.0, 600.0, LARGE[2] * 0.9), (600.0, 600.0, LARGE[2] * 0.8)
    assert Detector(KeenEye((LARGE, rival)), 640).look(PHOTOGRAPH, Policy.LARGEST).size == 640
    assert Detector(KeenEye((LARGE, lesser)), 640).look(PHOTOGRAPH, Policy.LARGEST).size == 320


@pytest.mark.parametrize("size", [160, 320])
def test_a_size_that_is_small_already_is_the_only_one(size: int) -> None:
    eye = KeenEye((SMALLER,))
    assert Detector(eye, size).look(PHOTOGRAPH, Policy.LARGEST).size == size
    assert eye.looked_at == [size]


def test_a_detector_of_a_fixed_size_has_no_other() -> None:
    eye = KeenEye((LARGE,), static_input_size=(640, 640))
    assert Detector(eye, 640).look(PHOTOGRAPH, Policy.LARGEST).size == 640
    assert eye.looked_at == [640]


def test_a_small_image_is_looked_at_once() -> None:
    eye = KeenEye((TINY,))
    assert Detector(eye, 640).look(np.zeros((250, 250, 3), np.uint8), Policy.LARGEST).size == 320
    assert eye.looked_at == [320]


@pytest.mark.parametrize("policy", Policy)
def test_faces_of_a_reduced_image_are_in_pixels_of_the_whole(policy: Policy) -> None:
    (face,) = Detector(KeenEye((LARGE,)), 640).look(PHOTOGRAPH, policy).enlarged(4).faces
    assert face.box == (400, 400, 400 + 4 * LARGE[2], 400 + 4 * LARGE[2])
    assert face.keypoints[0] == (400 + 2 * LARGE[2], 400 + 2 * LARGE[2])


@pytest.mark.parametrize(
    ("width", "height", "seen"),
    [
        (900, 900, (640, 640)),
        (900, 1200, (544, 640)),  # 480 pixels of image, 64 of black
        (1200, 900, (640, 544)),
        (899, 1001, (640, 640)),
        (1, 600, (96, 640)),
    ],
)
def test_most_of_the_black_beside_a_narrow_image_is_left_out(width: int, height: int, seen: tuple[int, int]) -> None:
    eye = KeenEye(())
    Detector(eye, 640, trims=True).find_at(640, np.zeros((height, width, 3), np.uint8))
    assert eye.input_sizes == [seen]


def test_a_detector_of_a_fixed_size_or_on_a_gpu_sees_squares() -> None:
    for eye, trims in ((KeenEye((), static_input_size=(640, 640)), True), (KeenEye(()), False)):
        Detector(eye, 640, trims=trims).find_at(640, np.zeros((1200, 600, 3), np.uint8))
        assert eye.input_sizes == [(640, 640)]


def test_only_largest_looks_at_a_small_view_first() -> None:
    detector = Detector(KeenEye(()), 640)
    assert {policy: detector.first_size(policy) for policy in Policy} == {
        Policy.LARGEST: 320,
        Policy.MOST_CENTRAL: 640,
        Policy.REQUIRE_ONE: 640,
    }
    assert Detector(KeenEye((), static_input_size=(640, 640)), 640).first_size(Policy.LARGEST) == 640
