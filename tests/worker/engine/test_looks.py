"""A face that lies on its side, leans or fills its image is compared as if it stood upright in a frame."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.comparisons.images import read_header
from core.packs.catalogue import Pack
from core.vocabulary import Compared, Policy, Reason
from worker.engine.align import lean_deg
from worker.engine.contract import Acquired, Image, Unusable
from worker.engine.decode import DecodedImage
from worker.engine.detect import DetectedFace, Detector
from worker.engine.engine import Engine
from worker.engine.looks import Looks, NoSight, Sight
from worker.engine.views import View

Sample = Callable[[str], bytes]

QUARTERS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def pixels_of(body: bytes) -> Image:
    return np.asarray(cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR_BGR), np.uint8)


def png(pixels: Image) -> bytes:
    return bytes(cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])


def turned(pixels: Image, clockwise_deg: int) -> Image:
    """All of the image; what a slanted one leaves of its frame is grey."""
    if clockwise_deg in QUARTERS:
        return np.asarray(cv2.rotate(pixels, QUARTERS[clockwise_deg]), np.uint8)
    height, width = pixels.shape[:2]
    side = int(np.hypot(height, width))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -clockwise_deg, 1)
    matrix[:, 2] += (side - width) / 2, (side - height) / 2
    return np.asarray(cv2.warpAffine(pixels, matrix, (side, side), borderValue=(90, 90, 90)), np.uint8)


def decoded(pixels: Image) -> DecodedImage:
    body = png(pixels)
    return DecodedImage.of(body, read_header(body, max_bytes=100_000_000, max_pixels=40_000_000), 1)


def acquired(engine: Engine, body: bytes, policy: Policy) -> Acquired:
    found = engine.acquire(body, policy)
    assert isinstance(found, Acquired), found
    return found


@dataclass
class CountingEye:
    """The pack's detector, which remembers how often it was asked."""

    model: Any
    asked: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def detect(self, image: Image, input_size: tuple[int, int]) -> tuple[Any, Any]:
        self.asked += 1
        return self.model.detect(image, input_size=input_size)  # type: ignore[no-any-return]


@pytest.fixture
def eye(engine: Engine) -> CountingEye:
    return CountingEye(engine._detector._model)


def looks(eye: CountingEye, zoo: Pack) -> Looks:
    return Looks(Detector(eye, 640), zoo.clear_detection_score)


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("clockwise_deg", [90, 180, 270, 30, -30, 45, -45, 120])
def test_a_turned_photograph_scores_like_the_upright_one(
    engine: Engine, sample: Sample, policy: Policy, clockwise_deg: int
) -> None:
    upright = sample("obama2.jpg")
    comparison = engine.compare(upright, png(turned(pixels_of(upright), clockwise_deg)), policy)
    assert isinstance(comparison.outcome, Compared)
    assert comparison.outcome.score > 0.9
    (turned_deg,) = {face.turned_deg for face in comparison.faces.values()} - {0}
    assert abs((turned_deg + clockwise_deg + 180) % 360 - 180) < 20


def test_the_box_is_where_the_face_lies(engine: Engine, sample: Sample) -> None:
    pixels = pixels_of(sample("obama.jpg"))
    height, width = pixels.shape[:2]
    left, top, right, bottom = acquired(engine, sample("obama.jpg"), Policy.LARGEST).face.box
    for degrees, expected in {
        90: (height - bottom, left, height - top, right),
        180: (width - right, height - bottom, width - left, height - top),
        270: (top, width - right, bottom, width - left),
    }.items():
        face = acquired(engine, png(turned(pixels, degrees)), Policy.LARGEST).face
        assert face.turned_deg == pytest.approx(360 - degrees, abs=10)
        assert face.box == pytest.approx(expected, abs=35)


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("name", ["obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg", "astronaut.png"])
def test_an_upright_clear_face_needs_no_further_look(
    eye: CountingEye, zoo: Pack, sample: Sample, name: str, policy: Policy
) -> None:
    image = decoded(pixels_of(sample(name)))
    first = Detector(eye, 640).look(image.pixels, policy)
    needed, eye.asked = eye.asked, 0
    sight = looks(eye, zoo).at(image, policy)
    assert isinstance(sight, Sight)
    assert (eye.asked, sight.turned_deg, sight.detections) == (needed, 0, first)


@pytest.mark.parametrize("policy", Policy)
def test_a_face_that_fills_its_image_is_found_under_every_policy(
    engine: Engine, sample: Sample, policy: Policy
) -> None:
    left, top, right, bottom = (int(edge) for edge in acquired(engine, sample("obama.jpg"), policy).face.box)
    tight = pixels_of(sample("obama.jpg"))[top:bottom, left:right]
    for side in (80, 640, 1500):
        filled = cv2.resize(tight, (side, side * tight.shape[0] // tight.shape[1]))
        comparison = engine.compare(sample("obama.jpg"), png(filled), policy)
        assert isinstance(comparison.outcome, Compared), (side, comparison.outcome)
        assert comparison.outcome.score > 0.7


@pytest.mark.parametrize(("policy", "most_looks"), [(Policy.LARGEST, 17), (Policy.MOST_CENTRAL, 16)])
def test_an_image_without_a_face_costs_so_many_looks_and_no_more(
    eye: CountingEye, zoo: Pack, policy: Policy, most_looks: int
) -> None:
    blank = looks(eye, zoo).at(decoded(np.full((900, 1200, 3), 128, np.uint8)), policy)
    assert isinstance(blank, NoSight)
    assert (blank.why.reason, blank.why.detail) == (Reason.NO_FACE, "no face was found in 1200x900 pixels")
    assert eye.asked == most_looks


def test_several_faces_are_refused_at_the_first_look(eye: CountingEye, zoo: Pack, sample: Sample) -> None:
    refused = looks(eye, zoo).at(decoded(pixels_of(sample("six_faces.jpg"))), Policy.REQUIRE_ONE)
    assert isinstance(refused, NoSight)
    assert (refused.why.reason, len(refused.detections.faces), eye.asked) == (Reason.MULTIPLE_FACES, 6, 1)


@pytest.mark.parametrize("clockwise_deg", [90, 180, 270])
def test_several_faces_that_lie_on_their_side_are_several(engine: Engine, sample: Sample, clockwise_deg: int) -> None:
    found = engine.acquire(png(turned(pixels_of(sample("six_faces.jpg")), clockwise_deg)), Policy.REQUIRE_ONE)
    assert isinstance(found, Unusable)
    assert found.reason is Reason.MULTIPLE_FACES


@pytest.mark.parametrize("clockwise_deg", [90, 180, 270])
def test_another_person_stays_another_person(engine: Engine, sample: Sample, clockwise_deg: int) -> None:
    probe = png(turned(pixels_of(sample("biden.jpg")), clockwise_deg))
    outcome = engine.compare(sample("obama.jpg"), probe, Policy.LARGEST).outcome
    assert isinstance(outcome, Compared)
    assert outcome.score < 0.3


angles = st.floats(-180, 180)
places = st.floats(0, 400)


@given(angles, st.integers(1, 4), places, places, st.booleans())
def test_a_view_leads_back_to_where_it_was_taken_from(
    turn_deg: float, scale: int, x: float, y: float, is_of_a_face: bool
) -> None:
    image = DecodedImage(np.zeros((300 // scale, 400 // scale, 3), np.uint8), scale, 300, 400)
    view = (
        View.of_face(DetectedFace((50, 60, 150, 200), 0.9, ((x, y),) * 5), 320, turn_deg, 0.5)
        if is_of_a_face
        else View.of_whole(image, 320, turn_deg, 0.25)
    )
    seen = tuple((view.matrix[:, :2] @ (x, y) + view.matrix[:, 2]).tolist())
    face = DetectedFace((seen[0] - 5, seen[1] - 7, seen[0] + 5, seen[1] + 7), 0.9, (seen,) * 5)
    back = view.back(face)
    assert back.keypoints[0] == pytest.approx((x, y), abs=1e-6)
    assert back.middle == pytest.approx((x, y), abs=1e-6)
    assert back.area == pytest.approx(face.area / np.linalg.det(view.matrix[:, :2]), rel=1e-6)


@given(angles)
def test_a_view_shows_the_image_turned_clockwise(turn_deg: float) -> None:
    pixels = np.zeros((301, 301, 3), np.uint8)
    cv2.circle(pixels, (150, 60), 6, (255, 255, 255), -1)  # at twelve o'clock
    view = View.of_whole(DecodedImage(pixels, 1, 301, 301), 320, turn_deg)
    y, x = (float(axis.mean()) for axis in np.nonzero(view.of(DecodedImage(pixels, 1, 301, 301))[..., 0] > 127))
    clock_deg = np.degrees(np.arctan2(x - 159.5, 159.5 - y))
    assert abs((clock_deg - turn_deg + 180) % 360 - 180) < 1.5


@given(angles, st.floats(0.1, 5), places, places)
def test_a_lean_is_how_far_the_keypoints_are_turned(angle_deg: float, scale: float, x: float, y: float) -> None:
    upright = np.array([(-18, -18), (18, -18), (0, 2), (-15, 22), (15, 22)], np.float64)
    angle = np.deg2rad(angle_deg)
    clockwise = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = tuple((float(px), float(py)) for px, py in upright @ clockwise.T * scale + (x, y))
    assert abs((lean_deg(points) - angle_deg + 180) % 360 - 180) < 2
