"""Liveness networks that take an aligned crop and give one score: held to InsightFace's own adapter for its add-on.

The add-on's weights are not here: a network of the same interface is in their place, in its adapter as in ours.
"""

import json
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insightface.addons.liveness import DESTINATION_LANDMARKS
from insightface.addons.liveness import Liveness as Adapter
from skimage.transform import SimilarityTransform

from core.errors import PackCorrupt
from core.liveness import NotJudged, PadVerdict
from core.packs.catalogue import Pack, PackKind
from core.vocabulary import Policy, Threshold
from tests.support.aligned_liveness_pack import DECLARED, SIZE, TEMPLATE, single_score, write_aligned_pack
from tests.support.liveness_pack import write_liveness_pack
from worker.engine.align import similarity
from worker.engine.engine import Engine
from worker.engine.inspecting import inspect_pack
from worker.engine.liveness import LivenessNetworks
from worker.engine.liveness_crop import AlignedCrop

Pixels = npt.NDArray[np.uint8]
Points = tuple[tuple[float, float], ...]

PHOTOGRAPHS = ["astronaut.png", "biden.jpg", "obama.jpg", "obama2.jpg", "obama3.jpg", "six_faces.jpg"]


def pack_of(threshold: float = 0.5) -> Pack:
    return Pack(
        "aligned", "", "", True, 0, Threshold(threshold, "a test"), (), (), None, (), (), kind=PackKind.LIVENESS
    )


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_aligned_pack(tmp_path_factory.mktemp("aligned"))


@pytest.fixture(scope="module")
def networks(directory: Path) -> LivenessNetworks:
    return LivenessNetworks.load(pack_of(), directory)


@pytest.fixture(scope="module")
def adapter(directory: Path) -> Adapter:
    return Adapter(directory / "liveness.onnx", threshold=0.5, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def found(engine: Engine, sample: Callable[[str], bytes]) -> Callable[[str], tuple[Pixels, Points]]:
    """A sample photograph and its face's keypoints."""

    def find(name: str) -> tuple[Pixels, Points]:
        body = sample(name)
        seen = engine.acquire(body, Policy.LARGEST).seen
        assert seen is not None
        assert seen.landmarks is not None
        image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
        return np.asarray(image, np.uint8), astuple(seen.landmarks)

    return find


def noise(height: int = 300, width: int = 400) -> Pixels:
    coarse = np.random.default_rng(5).integers(0, 256, (15, 20, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height)), np.uint8)


def face_at(x: float, y: float, scale: float = 2.0) -> Points:
    """Keypoints as in the network's template, which begins at x, y and is so much larger."""
    return tuple((x + scale * px, y + scale * py) for px, py in TEMPLATE)


def both(networks: LivenessNetworks, adapter: Adapter, image: Pixels, points: Points) -> tuple[float | None, Any]:
    ours, theirs = networks.judge(image, points), adapter.predict(image, points)
    assert (ours.score is None) == (theirs["status"] == "input_rejected")
    assert (ours.verdict is PadVerdict.BONA_FIDE) is bool(theirs["is_live"])
    return ours.score, theirs["live_score"]


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_sample_photographs_score_as_insightfaces_adapter_scores_them(
    networks: LivenessNetworks,
    adapter: Adapter,
    found: Callable[[str], tuple[Pixels, Points]],
    name: str,
    quarters: int,
) -> None:
    image, points = found(name)
    for _ in range(quarters):  # counter-clockwise
        points, image = tuple((y, image.shape[1] - 1 - x) for x, y in points), np.ascontiguousarray(np.rot90(image))
    ours, theirs = both(networks, adapter, image, points)
    (network,) = networks._networks
    assert isinstance(network.crop, AlignedCrop)
    matrix = SimilarityTransform.from_estimate(np.asarray(points, np.float32), DESTINATION_LANDMARKS).params[:2]
    assert network.score(network.crop.warp(image, matrix)) == pytest.approx(theirs, abs=1e-6)
    # It reckons the matrix in float32, and OpenCV rounds to 1/32 pixel: some pixels are another grey level.
    corners = np.array([[0, 0, 1], [image.shape[1], 0, 1], [0, image.shape[0], 1], *[(x, y, 1) for x, y in points]])
    assert np.abs(corners @ (similarity(points, DESTINATION_LANDMARKS) - matrix).T).max() < 1e-3
    assert ours == pytest.approx(theirs, abs=2e-4)


def test_the_photographs_tell_one_crop_from_another(
    networks: LivenessNetworks, found: Callable[[str], tuple[Pixels, Points]]
) -> None:
    """So that the agreement says something: a face one pixel beside itself scores otherwise."""
    for name in PHOTOGRAPHS:
        image, points = found(name)
        scores = [networks.judge(image, tuple((x + by, y) for x, y in points)).score for by in (0, 1)]
        assert None not in scores
        assert abs(scores[0] - scores[1]) > 1e-3  # type: ignore[operator]


@pytest.mark.parametrize("x", [-30, 0, 120, 270])
def test_what_the_image_does_not_have_is_made_up_as_insightface_makes_it_up(
    networks: LivenessNetworks, adapter: Adapter, x: int
) -> None:
    ours, theirs = both(networks, adapter, noise(), face_at(x, 60))
    assert ours is not None
    assert ours == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize(("x", "judged"), [(-45, True), (-50, False), (286, True), (291, False), (900, False)])
def test_a_crop_that_lies_outside_too_far_is_not_judged_and_says_so(
    networks: LivenessNetworks, adapter: Adapter, x: int, judged: bool
) -> None:
    """Of its 160 pixels, 48 may: 30 %."""
    both(networks, adapter, noise(), face_at(x, 60))
    result = networks.judge(noise(), face_at(x, 60))
    assert (result.score is not None) is judged
    if not judged:
        assert result.reason is NotJudged.CROP_OUTSIDE_IMAGE
        assert "lie outside the image; at most 30%" in result.detail


def test_where_nothing_is_said_no_crop_may_lie_outside(tmp_path: Path) -> None:
    strict = LivenessNetworks.load(pack_of(), write_aligned_pack(tmp_path / "p", most_outside=None))
    assert strict.judge(noise(), face_at(1, 60)).score is not None
    assert strict.judge(noise(), face_at(-2, 60)).reason is NotJudged.CROP_OUTSIDE_IMAGE


def test_a_border_is_black_unless_it_is_replicated(tmp_path: Path, networks: LivenessNetworks) -> None:
    black = LivenessNetworks.load(pack_of(), write_aligned_pack(tmp_path / "p", border=None))
    image, points = noise(), face_at(-40, 60)
    padded = cv2.copyMakeBorder(image, 50, 50, 50, 50, cv2.BORDER_CONSTANT)
    moved = tuple((x + 50, y + 50) for x, y in points)
    assert black.judge(image, points).score == pytest.approx(black.judge(padded, moved).score, abs=1e-5)
    assert black.judge(image, points).score != pytest.approx(networks.judge(image, points).score, abs=1e-3)


def test_a_face_that_would_be_enlarged_is_not_judged(networks: LivenessNetworks) -> None:
    result = networks.judge(noise(), face_at(100, 100, 0.5))
    assert result.reason is NotJudged.CROP_TOO_SMALL
    assert result.detail == "the face and what is around it have 40 pixels on their shorter side; at least 80"


EDGES = st.floats(-500, 500)


@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.lists(st.tuples(EDGES, EDGES), min_size=5, max_size=5)
    | st.builds(lambda point: [point] * 5, st.tuples(EDGES, EDGES)),
)
@settings(deadline=None, max_examples=100)
def test_whatever_a_detector_says_there_is_a_verdict(
    networks: LivenessNetworks, size: tuple[int, int], keypoints: list[tuple[float, float]]
) -> None:
    result = networks.judge(np.full((*size, 3), 200, np.uint8), keypoints)
    assert (result.score is None) == (result.verdict is PadVerdict.NOT_JUDGED) == (result.reason is not None)
    assert result.score is None or 0 <= result.score <= 1


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
@pytest.mark.parametrize("side", ["high", "low"])
@pytest.mark.parametrize("sigmoid", [False, True])
def test_a_score_is_read_from_either_side_with_a_sigmoid_or_without(
    tmp_path: Path, networks: LivenessNetworks, shape: tuple[int, ...], side: str, sigmoid: bool
) -> None:
    graph, declared = single_score(is_logit=sigmoid, shape=shape), {"bona_fide": side, "sigmoid": sigmoid}
    own = LivenessNetworks.load(pack_of(), write_aligned_pack(tmp_path / "p", gives=graph, single_score=declared))
    score, plain = own.judge(noise(), face_at(100, 60)).score, networks.judge(noise(), face_at(100, 60)).score
    assert plain is not None
    assert abs(plain - 0.5) > 0.05
    assert score == pytest.approx(plain if side == "high" else 1 - plain, abs=1e-6)


def test_a_network_that_sees_the_face_enlarged_may_stand_beside_one_that_sees_it_aligned(tmp_path: Path) -> None:
    directory = write_liveness_pack(tmp_path / "p")
    enlarged = LivenessNetworks.load(pack_of(), directory)
    aligned = LivenessNetworks.load(pack_of(), write_aligned_pack(tmp_path / "q"))
    manifest = json.loads((directory / "manifest.json").read_text())
    (tmp_path / "q" / "liveness.onnx").rename(directory / "liveness.onnx")
    manifest["tasks"]["liveness"]["networks"].append(DECLARED)
    (directory / "manifest.json").write_text(json.dumps(manifest))
    image, points = noise(), face_at(100, 60)
    two, one = enlarged.judge(image, points).score, aligned.judge(image, points).score
    assert two is not None
    assert one is not None
    together = LivenessNetworks.load(pack_of(), directory).judge(image, points)
    assert together.score == pytest.approx((2 * two + one) / 3, abs=1e-6)
    assert inspect_pack(directory).files[-2:] == ("liveness.onnx", "manifest.json")


def test_a_network_that_breaks_its_word_on_an_image_is_an_error_and_no_verdict(tmp_path: Path) -> None:
    """Black gives a logit of 0, which may be a score; noise does not."""
    directory = write_aligned_pack(tmp_path / "p", gives=single_score(is_logit=True))
    with pytest.raises(PackCorrupt, match=r"liveness.onnx must give a score from 0 to 1.*single_score.sigmoid"):
        LivenessNetworks.load(pack_of(), directory).judge(noise(), face_at(100, 60))


ENTRY = r"tasks.liveness.networks\[0\]"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"template": TEMPLATE[:4]}, f"{ENTRY}.template must be five points"),
        ({"template": [[x + 60, y] for x, y in TEMPLATE]}, f"{ENTRY}.template must be a number from 0 to 80"),
        ({"template": None}, f"{ENTRY} must have either expansion or template"),
        ({"expansion": 2.0}, f"{ENTRY} must have either expansion or template"),
        ({"border": "grey"}, f'{ENTRY}.border must be "black" or "replicate"; found \'grey\''),
        ({"most_outside": 1}, f"{ENTRY}.most_outside must be a number from 0 to 0.9; found 1"),
        ({"single_score": None}, f"{ENTRY} must have either bona_fide_class or single_score"),
        ({"bona_fide_class": 1}, f"{ENTRY} must have either bona_fide_class or single_score"),
        ({"single_score": None, "bona_fide_class": 0}, "must give probabilities of more classes than 0"),
        ({"single_score": {"bona_fide": "up"}}, 'single_score.bona_fide must be "high" or "low"; found \'up\''),
        ({"single_score": {"sigmoid": True}}, "single_score must have bona_fide, and may have sigmoid"),
        ({"single_score": {"bona_fide": "high", "sigmoid": 1}}, "sigmoid must be true or false; found 1"),
        ({"input_size": [96, 96]}, "is no network that takes what .* declares"),
        ({"gives": single_score(is_logit=True)}, "must give a score from 0 to 1, or be declared"),
        ({"gives": single_score(shape=(1, -1, 1, 1))}, ""),
    ],
)
def test_a_declaration_that_is_not_so_is_refused_when_the_pack_is_added(
    tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    directory = write_aligned_pack(tmp_path / "p", **changes)
    if why:
        with pytest.raises(PackCorrupt, match=why):
            inspect_pack(directory)
    else:
        assert inspect_pack(directory).files == ("liveness.onnx", "manifest.json")


def test_insightfaces_adapter_is_what_is_declared_for_its_add_on() -> None:
    from insightface.addons import liveness

    from worker.packs import insightface_liveness

    np.testing.assert_array_equal(np.asarray(insightface_liveness.TEMPLATE, np.float32), liveness.DESTINATION_LANDMARKS)
    assert (insightface_liveness.MOST_OUTSIDE, insightface_liveness.INPUT_PX) == (liveness.MAX_OOB_RATIO, SIZE)
