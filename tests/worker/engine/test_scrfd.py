"""Our detector finds what InsightFace's finds, to the last bit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from insightface.app import FaceAnalysis
from insightface.model_zoo.scrfd import SCRFD

from core.vocabulary import Policy
from worker.engine.contract import Image
from worker.engine.detect import Detector
from worker.engine.scrfd import Scrfd

Sample = Callable[[str], bytes]

#: At the last one hardly a box is left out.
THRESHOLDS = (0.999, 0.7, 0.001)


@pytest.fixture(scope="module")
def theirs(zoo_directory: Path) -> SCRFD:
    analysis = FaceAnalysis(str(zoo_directory), allowed_modules=["detection"], providers=["CPUExecutionProvider"])
    analysis.prepare(ctx_id=0, det_thresh=0.7, det_size=(640, 640))
    return analysis.models["detection"]


@pytest.fixture(scope="module")
def ours(theirs: SCRFD) -> Scrfd:
    return Scrfd.of(theirs)


def decoded(body: bytes) -> Image:
    image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR_BGR)
    assert image is not None
    return np.asarray(image, np.uint8)


def assert_equal(found: Any, expected: Any) -> None:
    for array, other in zip(found, expected, strict=True):
        assert (array.dtype, array.shape) == (other.dtype, other.shape)
        np.testing.assert_array_equal(array, other)


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("size", [(320, 320), (640, 640), (320, 224), (32, 640)])
def test_each_stride_gives_the_same_scores_boxes_and_keypoints(
    ours: Scrfd, theirs: SCRFD, size: tuple[int, int], threshold: float
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)
    blob = theirs._prepare_input_blob(noise, size)
    np.testing.assert_array_equal(ours._prepare_input_blob(noise, size), blob)
    for found, expected in zip(ours.forward(noise, threshold), theirs.forward(noise, threshold), strict=True):
        assert_equal(found, expected)


def test_a_detector_of_a_pack_without_a_manifest_sees_the_same(theirs: SCRFD) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (320, 320, 3), np.uint8)
    bare = Scrfd.of(theirs)
    del bare.input_dtype  # InsightFace writes it on models of packs that have one
    np.testing.assert_array_equal(
        bare._prepare_input_blob(noise, (320, 320)), theirs._prepare_input_blob(noise, (320, 320))
    )


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("name", ["obama.jpg", "obama3.jpg", "six_faces.jpg", "astronaut.png"])
def test_a_photograph_gives_the_same_faces(
    ours: Scrfd, theirs: SCRFD, sample: Sample, name: str, threshold: float
) -> None:
    image = decoded(sample(name))
    for size in (320, 640):
        found = ours.detect(image, input_size=(size, size), det_thresh=threshold)
        assert_equal(found, theirs.detect(image, input_size=(size, size), det_thresh=threshold))


@pytest.mark.parametrize("policy", [Policy.LARGEST, Policy.REQUIRE_ONE])
@pytest.mark.parametrize("name", ["obama2.jpg", "biden.jpg", "obama3.jpg", "six_faces.jpg"])
def test_with_less_black_beside_a_photograph_its_faces_are_the_same(
    ours: Scrfd, sample: Sample, name: str, policy: Policy
) -> None:
    image = decoded(sample(name))
    trimmed, whole = (Detector(ours, 640, trims=trims).look(image, policy) for trims in (True, False))
    assert trimmed.size == whole.size
    for face, other in zip(trimmed.faces, whole.faces, strict=True):
        assert face.score == pytest.approx(other.score, abs=0.003)
        assert np.array(face.keypoints) == pytest.approx(np.array(other.keypoints), abs=max(image.shape) / whole.size)


def test_many_shapes_of_photographs_need_no_session_more(ours: Scrfd) -> None:
    detector = Detector(ours, 640, trims=True)
    detector.find_at(640, np.zeros((640, 640, 3), np.uint8))
    before = detector.sessions
    for width in range(100, 640, 60):
        detector.find_at(640, np.zeros((640, width, 3), np.uint8))
    assert detector.sessions == before
