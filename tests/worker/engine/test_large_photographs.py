"""A photograph of many pixels is decoded at a fraction of them; nothing that is reported changes its meaning."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.comparisons.images import inspect
from core.packs.catalogue import Pack
from core.settings import Settings
from core.vocabulary import Compared, Policy, Reason
from worker.engine.contract import Acquired, Unusable
from worker.engine.decode import scale_to_crop, scale_to_detect
from worker.engine.engine import Engine

Sample = Callable[[str], bytes]


def encode(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, quality=92, **options)
    return stream.getvalue()


def scale_of(body: bytes) -> int:
    """Under a policy that needs every face."""
    return scale_to_detect(inspect(body, max_bytes=10_000_000, max_pixels=40_000_000), 640, 640)


def acquired(engine: Engine, body: bytes, policy: Policy = Policy.LARGEST) -> Acquired:
    found = engine.acquire(body, policy)
    assert isinstance(found, Acquired)
    return found


def score(engine: Engine, reference: bytes, probe: bytes, policy: Policy = Policy.LARGEST) -> float:
    outcome = engine.compare(reference, probe, policy).outcome
    assert isinstance(outcome, Compared)
    return outcome.score


@pytest.fixture(scope="module")
def obama(samples: dict[str, Path]) -> Image.Image:
    """910 x 1137 pixels with a face of 242 x 330."""
    return Image.open(samples["obama.jpg"]).convert("RGB")


def enlarged(image: Image.Image, times: int) -> Image.Image:
    return image.resize((image.width * times, image.height * times), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def wide_scene(obama: Image.Image) -> bytes:
    """3000 x 2000 pixels, in which the face is 133 x 181: too few for a crop when reduced to half."""
    scene = Image.new("RGB", (3000, 2000), (90, 90, 90))
    scene.paste(obama.resize((500, 625), Image.Resampling.LANCZOS), (1700, 600))
    return encode(scene)


@pytest.mark.parametrize(("times", "scale"), [(3, 2), (5, 4)])
def test_the_box_is_in_pixels_of_the_whole(
    engine: Engine, sample: Sample, obama: Image.Image, times: int, scale: int
) -> None:
    body = encode(enlarged(obama, times))
    assert scale_of(body) == scale
    for policy in Policy:
        expected = acquired(engine, sample("obama.jpg"), policy).face.box
        assert np.array(acquired(engine, body, policy).face.box) / times == pytest.approx(expected, abs=10)


@pytest.mark.parametrize("policy", Policy)
def test_the_score_is_nearly_that_of_the_whole(
    engine: Engine, sample: Sample, obama: Image.Image, policy: Policy
) -> None:
    reduced, whole = encode(enlarged(obama, 3)), encode(enlarged(obama, 3), "WEBP", method=0)
    assert (scale_of(reduced), scale_of(whole)) == (2, 1)
    assert score(engine, whole, reduced, policy) > 0.95
    for name in ("obama2.jpg", "biden.jpg"):
        other = sample(name)
        assert score(engine, other, reduced, policy) == pytest.approx(score(engine, other, whole, policy), abs=0.03)


def test_a_large_photograph_is_turned_by_exif(engine: Engine, obama: Image.Image) -> None:
    upright = enlarged(obama, 3)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encode(upright.transpose(Image.Transpose.ROTATE_90), exif=exif)
    assert scale_of(turned) == 2
    assert score(engine, encode(upright), turned) > 0.95
    assert acquired(engine, turned).face.box == pytest.approx(acquired(engine, encode(upright)).face.box, abs=20)


def test_a_small_face_in_a_large_photograph_is_cut_from_the_whole(
    engine: Engine, sample: Sample, wide_scene: bytes
) -> None:
    assert scale_of(wide_scene) == 2
    found = acquired(engine, wide_scene)
    left, _, right, _ = found.face.box
    assert scale_to_crop(right - left) == 1
    assert score(engine, wide_scene, sample("obama.jpg")) > 0.85
    whole = encode(Image.open(io.BytesIO(wide_scene)), "WEBP", method=0)
    assert sharpness(found) == pytest.approx(sharpness(acquired(engine, whole)), rel=0.1)


def sharpness(found: Acquired) -> float:
    return float(np.abs(np.diff(found.crop.astype(np.float64), axis=1)).mean())


def test_the_smallest_usable_face_is_measured_in_pixels_of_the_whole(
    zoo: Pack, zoo_directory: Path, cache: Path, wide_scene: bytes
) -> None:
    def engine_that_wants(min_face_px: int) -> Engine:
        return Engine.load(zoo, zoo_directory, Settings(home=cache, provider="cpu", min_face_px=min_face_px).engine)

    assert isinstance(engine_that_wants(120).acquire(wide_scene, Policy.LARGEST), Acquired)
    refused = engine_that_wants(160).acquire(wide_scene, Policy.LARGEST)
    assert isinstance(refused, Unusable)
    assert refused.reason is Reason.FACE_TOO_SMALL
    assert "the face is 13" in refused.detail


def test_a_large_photograph_without_a_face_is_reported_with_all_its_pixels(engine: Engine) -> None:
    found = engine.acquire(encode(Image.new("RGB", (2801, 1999), (120, 130, 140))), Policy.LARGEST)
    assert isinstance(found, Unusable)
    assert found.detail == "no face was found in 2801x1999 pixels"


def test_a_truncated_large_photograph_is_an_outcome(engine: Engine, obama: Image.Image) -> None:
    body = encode(enlarged(obama, 3))
    found = engine.acquire(body[: len(body) * 9 // 10], Policy.LARGEST)
    assert isinstance(found, Unusable)
    assert found.reason is Reason.UNDECODABLE_IMAGE


def test_a_face_says_how_closely_its_photograph_was_looked_at(engine: Engine, sample: Sample) -> None:
    sizes = {policy: acquired(engine, sample("obama.jpg"), policy).face.detection_size for policy in Policy}
    assert sizes == {Policy.LARGEST: 320, Policy.MOST_CENTRAL: 640, Policy.REQUIRE_ONE: 640}
    assert acquired(engine, sample("six_faces.jpg")).face.detection_size == 640


@pytest.mark.parametrize("name", ["obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg", "astronaut.png", "32bit.png"])
def test_largest_selects_the_face_that_a_closer_look_would_select(engine: Engine, sample: Sample, name: str) -> None:
    found = acquired(engine, sample(name), Policy.LARGEST)
    closer = acquired(engine, sample(name), Policy.REQUIRE_ONE)
    assert found.face.box == pytest.approx(closer.face.box, abs=22)
    assert score(engine, sample(name), sample("obama.jpg")) == pytest.approx(
        score(engine, sample(name), sample("obama.jpg"), Policy.REQUIRE_ONE), abs=0.08
    )
