"""What a liveness pack's networks are shown of an image, and what becomes of their verdict."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import LivenessNotInstalled, PackCorrupt
from core.liveness import NO_LIVENESS, Liveness, LivenessRule, LivenessSides, NotJudged, PadVerdict
from core.packs.catalogue import Pack, PackKind
from core.settings import Settings
from core.vocabulary import Compared, NotAcquired, Policy, Reason, Side, Threshold
from tests.support.liveness_pack import brightness, write_liveness_pack
from worker.engine.engine import Engine
from worker.engine.inputs import ARCFACE
from worker.engine.inspecting import inspect_pack
from worker.engine.liveness import LivenessNetworks

Pixels = npt.NDArray[np.uint8]
Point = tuple[float, float]

REPORT = Liveness(LivenessRule.REPORT)
REQUIRE = Liveness(LivenessRule.REQUIRE)
BOTH = LivenessSides.BOTH


def pack_of(name: str = "brightness") -> Pack:
    threshold = Threshold(0.5, "a test")
    return Pack(name, "", "", True, 0, threshold, (), (), None, (), (), kind=PackKind.LIVENESS)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_liveness_pack(tmp_path_factory.mktemp("brightness"))


@pytest.fixture(scope="module")
def networks(directory: Path) -> LivenessNetworks:
    return LivenessNetworks.load(pack_of(), directory)


@pytest.fixture(scope="module")
def judging(zoo: Pack, zoo_directory: Path, cache: Path, networks: LivenessNetworks) -> Engine:
    return Engine.load(zoo, zoo_directory, Settings(home=cache, provider="cpu").engine, liveness=networks)


def face_at(x: float, y: float, scale: float = 1.0) -> tuple[Point, ...]:
    """Keypoints as in InsightFace's template, which begins at x, y and is so much larger."""
    return tuple((x + scale * px, y + scale * py) for px, py in ARCFACE)


def grey(shade: int, height: int = 400, width: int = 500) -> Pixels:
    return np.full((height, width, 3), shade, np.uint8)


def test_what_is_bright_is_bona_fide_and_what_is_dark_an_attack(networks: LivenessNetworks) -> None:
    bright, dark = (networks.judge(grey(shade), face_at(200, 150)) for shade in (230, 20))
    assert (bright.verdict, dark.verdict) == (PadVerdict.BONA_FIDE, PadVerdict.ATTACK)
    assert bright.score is not None
    assert bright.score == pytest.approx(1 / (1 + 2 * np.exp(-4 * (230 - 127.5) / 127.5)), abs=1e-3)
    assert (bright.threshold, bright.pack, bright.reason) == (0.5, "brightness", None)
    assert "liveness score 0.0" in dark.sentence


def test_a_score_on_the_threshold_is_bona_fide(directory: Path, networks: LivenessNetworks) -> None:
    score = networks.judge(grey(150), face_at(200, 150)).score
    assert score is not None
    for threshold, verdict in ((score, PadVerdict.BONA_FIDE), (np.nextafter(score, 1), PadVerdict.ATTACK)):
        own = LivenessNetworks.load(pack_of(), directory, threshold=float(threshold))
        assert own.judge(grey(150), face_at(200, 150)).verdict is verdict


def test_each_network_sees_as_much_of_the_surroundings_as_it_wants(networks: LivenessNetworks) -> None:
    """A bright frame about the face: the wider crop has more of it."""
    image, keypoints = grey(0), face_at(200, 150)
    # The face is 28..84 by 36..108 of the template, its middle at 256, 222: twice as large is 200..312 by 150..294.
    image[:, :199], image[:, 314:], image[:149], image[296:] = 255, 255, 255, 255
    narrow, wide = (network.score for network in networks._networks)
    seen = []
    for score, factor in ((narrow, 2.0), (wide, 3.0)):
        left, top, right, bottom = (256 - 28 * factor, 222 - 36 * factor, 256 + 28 * factor, 222 + 36 * factor)
        seen.append(score(cv2.resize(image[int(top) : int(bottom), int(left) : int(right)], (32, 32))))
    assert seen[0] < 0.05 < seen[1]
    assert networks.judge(image, keypoints).score == pytest.approx(np.mean(seen), abs=0.02)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_face_that_lies_on_its_side_is_seen_upright(networks: LivenessNetworks, quarters: int) -> None:
    random = np.random.default_rng(5)
    image = cv2.resize(random.integers(0, 256, (8, 10, 3), np.uint8), (500, 400))
    upright, keypoints, width = networks.judge(image, face_at(200, 150)), face_at(200, 150), 500
    for _ in range(quarters):  # counter-clockwise
        keypoints = tuple((y, width - 1 - x) for x, y in keypoints)
        width = 900 - width
    turned = networks.judge(np.ascontiguousarray(np.rot90(image, quarters)), keypoints)
    assert turned.score == pytest.approx(upright.score, abs=1e-6)


@pytest.mark.parametrize(
    ("keypoints", "size", "reason", "detail"),
    [
        (face_at(-60, 150), (400, 500), NotJudged.CROP_OUTSIDE_IMAGE, "the face reaches beyond the image's edge"),
        (face_at(450, 150), (400, 500), NotJudged.CROP_OUTSIDE_IMAGE, "the face reaches beyond the image's edge"),
        (face_at(0, 0), (110, 90), NotJudged.CROP_OUTSIDE_IMAGE, "which is 1.51 times as large; .* at least 1.6 times"),
        (
            face_at(200, 150, 0.2),
            (400, 500),
            NotJudged.CROP_TOO_SMALL,
            "have 23 pixels on their shorter side; at least 32",
        ),
    ],
)
def test_what_cannot_be_judged_says_why(
    tmp_path: Path,
    keypoints: tuple[Point, ...],
    size: tuple[int, int],
    reason: NotJudged,
    detail: str,
) -> None:
    networks = LivenessNetworks.load(pack_of(), write_liveness_pack(tmp_path / "p", least_expansion=1.6))
    result = networks.judge(grey(200, *size), keypoints)
    assert (result.verdict, result.score, result.reason) == (PadVerdict.NOT_JUDGED, None, reason)
    with pytest.raises(AssertionError, match=detail):
        raise AssertionError(result.detail)
    assert result.sentence == f"liveness was not judged: {result.detail}"


EDGES = st.floats(-500, 500)


@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.lists(st.tuples(EDGES, EDGES), min_size=5, max_size=5)
    | st.builds(lambda point: [point] * 5, st.tuples(EDGES, EDGES)),
)
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_detector_says_there_is_a_verdict(
    networks: LivenessNetworks, size: tuple[int, int], keypoints: list[Point]
) -> None:
    result = networks.judge(grey(200, *size), keypoints)
    assert (result.score is None) == (result.verdict is PadVerdict.NOT_JUDGED) == (result.reason is not None)
    assert result.score is None or 0 <= result.score <= 1


def test_a_crop_that_fits_by_less_is_moved_inside(networks: LivenessNetworks) -> None:
    """Twice the face fits, three times does not, and the face is not in the middle."""
    assert networks.judge(grey(230, 150, 120), face_at(0, 10)).verdict is PadVerdict.BONA_FIDE


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"face": [1, 2, 3]}, r"tasks.liveness.face must be left, top, right and bottom; found \[1, 2, 3\]"),
        ({"face": [80, 2, 3, 90]}, "must be left, top, right and bottom"),
        ({"networks": []}, r"tasks.liveness.networks must be a list of objects; found \[\]"),
        ({"expansion": 0.5}, r"networks\[0\].expansion must be a number from 1 to 10; found 0.5"),
        ({"bona_fide_class": 3}, "must give probabilities of more classes than 3"),
        ({"input_size": [48, 48]}, "is no network that takes what .* declares"),
        ({"input_size": [32, 48]}, "must be the two equal sides of a square"),
        ({"colour": "hsv"}, 'colour must be "rgb" or "bgr"; found \'hsv\''),
        ({"preprocessing": {"mean": 0}}, "must be \"embedded\" or have mean and std; found {'mean': 0}"),
        ({"file": "elsewhere.onnx"}, "is no network that takes"),
    ],
)
def test_a_pack_that_does_not_do_what_it_declares_is_refused_when_it_is_added(
    tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    with pytest.raises(PackCorrupt, match=why):
        inspect_pack(write_liveness_pack(tmp_path / "p", **changes))


def test_a_network_that_gives_one_score_for_all_is_refused(tmp_path: Path) -> None:
    directory = write_liveness_pack(tmp_path / "p")
    (directory / "brightness_1.onnx").write_bytes(brightness(slope=0.0).SerializeToString())
    with pytest.raises(PackCorrupt, match=r"gives one score for any image: 0\.333333"):
        inspect_pack(directory)


def test_a_manifest_that_is_damaged_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"manifest_version": 2, "tasks": [1]}))
    with pytest.raises(PackCorrupt, match="must have an object for each of its `tasks`"):
        inspect_pack(tmp_path)


def pixels(body: bytes) -> Pixels:
    image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def dimmed(body: bytes, factor: float) -> bytes:
    image = pixels(body)
    return cv2.imencode(".png", (image * factor).astype(np.uint8))[1].tobytes()


def lit(body: bytes) -> bytes:
    image = pixels(body)
    return cv2.imencode(".png", (255 - (255 - image.astype(np.float64)) * 0.3).astype(np.uint8))[1].tobytes()


def test_nothing_is_judged_where_nobody_asks(judging: Engine, sample: Callable[[str], bytes]) -> None:
    comparison = judging.compare(sample("obama.jpg"), sample("obama2.jpg"), Policy.LARGEST)
    assert comparison.pad == {}
    assert "liveness" not in comparison.timings_ms
    assert NO_LIVENESS.is_off


def test_the_probe_is_judged_and_with_both_the_reference_too(judging: Engine, sample: Callable[[str], bytes]) -> None:
    reference, probe = dimmed(sample("obama.jpg"), 0.4), lit(sample("obama2.jpg"))
    for asked, verdicts in (
        (REPORT, {Side.PROBE: PadVerdict.BONA_FIDE}),
        (replace(REPORT, sides=BOTH), {Side.REFERENCE: PadVerdict.ATTACK, Side.PROBE: PadVerdict.BONA_FIDE}),
    ):
        comparison = judging.compare(reference, probe, Policy.LARGEST, liveness=asked)
        assert {side: pad.verdict for side, pad in comparison.pad.items()} == verdicts
        assert isinstance(comparison.outcome, Compared), "a report vetoes nothing"
        assert comparison.timings_ms["liveness"] > 0


def test_a_required_face_that_is_not_bona_fide_is_not_acquired(judging: Engine, sample: Callable[[str], bytes]) -> None:
    reference, probe = lit(sample("obama.jpg")), dimmed(sample("obama2.jpg"), 0.4)
    comparison = judging.compare(reference, probe, Policy.LARGEST, liveness=REQUIRE)
    assert isinstance(comparison.outcome, NotAcquired)
    (failure,) = comparison.outcome.failures
    assert (failure.side, failure.reason) == (Side.PROBE, Reason.PRESENTATION_ATTACK)
    assert failure.detail == comparison.pad[Side.PROBE].sentence
    assert [*comparison.faces] == [Side.REFERENCE]
    assert "embed" not in comparison.timings_ms
    swapped = judging.compare(probe, reference, Policy.LARGEST, liveness=REQUIRE)
    assert isinstance(swapped.outcome, Compared), "the reference is not judged unless asked for"


def test_a_required_face_that_cannot_be_judged_is_not_acquired(judging: Engine, sample: Callable[[str], bytes]) -> None:
    image = pixels(lit(sample("obama.jpg")))
    acquired = judging.acquire(cv2.imencode(".png", image)[1].tobytes(), Policy.LARGEST)
    assert not isinstance(acquired, NotAcquired)
    left, top, right, bottom = (int(edge) for edge in acquired.face.box)  # type: ignore[union-attr]
    tight = cv2.imencode(".png", image[top:bottom, left:right])[1].tobytes()
    comparison = judging.compare(sample("obama2.jpg"), tight, Policy.LARGEST, liveness=REQUIRE)
    assert isinstance(comparison.outcome, NotAcquired)
    assert [failure.reason for failure in comparison.outcome.failures] == [Reason.LIVENESS_NOT_JUDGED]
    reported = judging.compare(sample("obama2.jpg"), tight, Policy.LARGEST, liveness=REPORT)
    assert isinstance(reported.outcome, Compared)
    assert reported.pad[Side.PROBE].reason is NotJudged.CROP_OUTSIDE_IMAGE


def test_an_image_without_a_face_is_not_judged_and_says_so(judging: Engine, sample: Callable[[str], bytes]) -> None:
    comparison = judging.compare(sample("obama.jpg"), sample("no_face.png"), Policy.LARGEST, liveness=REQUIRE)
    assert isinstance(comparison.outcome, NotAcquired)
    assert [failure.reason for failure in comparison.outcome.failures] == [Reason.NO_FACE]
    pad = comparison.pad[Side.PROBE]
    assert (pad.verdict, pad.reason) == (PadVerdict.NOT_JUDGED, NotJudged.NOT_ACQUIRED)


def test_an_engine_without_the_networks_refuses(engine: Engine, sample: Callable[[str], bytes]) -> None:
    with pytest.raises(LivenessNotInstalled):
        engine.compare(sample("obama.jpg"), sample("obama2.jpg"), Policy.LARGEST, liveness=REPORT)
    with pytest.raises(LivenessNotInstalled):
        engine.judge(sample("obama.jpg"), Policy.LARGEST)
