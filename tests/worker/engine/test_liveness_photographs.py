"""The authors' networks on their three photographs: with the authors' boxes, and turned, cropped and small.

The boxes are those of the authors' own detector, which is not ours: left, top, width, height in pixels of 480 x 640.
"""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from core.liveness import NotJudged, PadVerdict
from core.packs.catalogue import Pack, find_pack
from core.settings import Settings
from core.vocabulary import Policy
from worker.engine.engine import Engine
from worker.engine.liveness import LivenessNetworks
from worker.packs.install import fetch

Pixels = npt.NDArray[np.uint8]

PHOTOGRAPHS = pytest.mark.parametrize(
    ("name", "box", "score", "verdict"),
    [
        ("image_T1.jpg", (106, 147, 207, 213), 0.993568, PadVerdict.BONA_FIDE),
        ("image_F1.jpg", (178, 136, 223, 225), 0.072331, PadVerdict.ATTACK),
        ("image_F2.jpg", (120, 252, 252, 256), 0.181286, PadVerdict.ATTACK),
    ],
)


@pytest.fixture(scope="module")
def networks(minifasnet_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> LivenessNetworks:
    pack, home = find_pack("minifasnet"), tmp_path_factory.mktemp("home")
    return LivenessNetworks.load(pack, fetch(pack, Settings(home=home).packs, at_hand=minifasnet_sources))


@pytest.fixture(scope="module")
def engine(zoo: Pack, zoo_directory: Path, cache: Path, networks: LivenessNetworks) -> Engine:
    return Engine.load(zoo, zoo_directory, Settings(home=cache, provider="cpu").engine, liveness=networks)


def pixels(path: Path) -> Pixels:
    image = cv2.imread(str(path))
    assert image is not None
    return np.asarray(image, np.uint8)


def as_png(image: Pixels) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def leaning(image: Pixels, angle_deg: int) -> Pixels:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1)
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def cropped(image: Pixels, box: tuple[int, int, int, int], factor: float) -> Pixels:
    """To so many times the face, as far as there is image."""
    left, top, width, height = box
    x, y = left + width / 2, top + height / 2
    top, bottom = max(0, int(y - height * factor / 2)), int(y + height * factor / 2)
    return image[top:bottom, max(0, int(x - width * factor / 2)) : int(x + width * factor / 2)]


@PHOTOGRAPHS
def test_with_the_box_of_the_authors_detector_the_score_is_theirs(
    networks: LivenessNetworks,
    minifasnet_sources: Path,
    name: str,
    box: tuple[int, int, int, int],
    score: float,
    verdict: PadVerdict,
) -> None:
    left, top, width, height = box
    judged = networks.judge_at(pixels(minifasnet_sources / name), (left, top, left + width, top + height))
    assert judged.score == pytest.approx(score, abs=1e-4)
    assert judged.verdict is verdict


@PHOTOGRAPHS
def test_with_the_face_that_our_detector_finds_it_is_about_theirs(
    engine: Engine,
    minifasnet_sources: Path,
    name: str,
    box: tuple[int, int, int, int],
    score: float,
    verdict: PadVerdict,
) -> None:
    body = (minifasnet_sources / name).read_bytes()
    judged = engine.judge(body, Policy.LARGEST)
    assert judged.score == pytest.approx(score, abs=0.02)
    assert judged.verdict is verdict
    assert engine.judge(body, Policy.LARGEST) == judged


@PHOTOGRAPHS
def test_turned_cropped_and_small_it_is_taken_for_the_same(
    engine: Engine,
    minifasnet_sources: Path,
    name: str,
    box: tuple[int, int, int, int],
    score: float,
    verdict: PadVerdict,
) -> None:
    whole = pixels(minifasnet_sources / name)
    versions = {
        f"at {scale} of the size, turned by {quarters} quarters": np.rot90(
            cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), quarters
        )
        for scale in (1.0, 0.4, 0.2)
        for quarters in range(4)
    }
    versions |= {f"leaning by {angle}": leaning(whole, angle) for angle in (-40, -20, 20, 40)}
    versions |= {f"cropped to {factor} times the face": cropped(whole, box, factor) for factor in (2.0, 1.6, 1.2)}
    verdicts = {how: engine.judge(as_png(image), Policy.LARGEST).verdict for how, image in versions.items()}
    assert {how: found for how, found in verdicts.items() if found is not verdict} == {}


def test_the_sample_photographs_are_bona_fide(engine: Engine, samples: dict[str, Path]) -> None:
    verdicts = {name: engine.judge(path.read_bytes(), Policy.LARGEST) for name, path in samples.items()}
    assert verdicts.pop("no_face.png").reason is NotJudged.NOT_ACQUIRED
    assert {name for name, result in verdicts.items() if result.verdict is PadVerdict.ATTACK} == set()
