"""From two images to a score, with the real pack and real photographs."""

import io
import json
import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

from core.errors import PackCorrupt, PackMissing, SettingsInvalid
from core.packs.catalogue import Pack, directory_identity
from core.settings import Settings
from core.vocabulary import Compared, NotAcquired, Policy, Reason, Side
from worker.engine.contract import Acquired, Comparison, FaceEngine, Unusable
from worker.engine.engine import Engine

Sample = Callable[[str], bytes]


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def opened(body: bytes) -> Image.Image:
    return Image.open(io.BytesIO(body)).convert("RGB")


def score(comparison: Comparison) -> float:
    assert isinstance(comparison.outcome, Compared)
    return comparison.outcome.score


def failures(comparison: Comparison) -> list[tuple[Side, Reason]]:
    assert isinstance(comparison.outcome, NotAcquired)
    return [(failure.side, failure.reason) for failure in comparison.outcome.failures]


def failure(engine: Engine, body: bytes, policy: Policy = Policy.LARGEST) -> Unusable:
    found = engine.acquire(body, policy)
    assert isinstance(found, Unusable)
    return found


def test_two_photographs_of_one_person_score_higher_than_those_of_two(engine: Engine, sample: Sample) -> None:
    mated = engine.compare(sample("obama.jpg"), sample("obama2.jpg"), Policy.LARGEST)
    non_mated = engine.compare(sample("obama.jpg"), sample("biden.jpg"), Policy.LARGEST)
    assert score(mated) == pytest.approx(0.74, abs=0.04)
    assert score(non_mated) == pytest.approx(0.13, abs=0.04)


def test_the_same_file_twice_scores_exactly_one(engine: Engine, sample: Sample) -> None:
    for name in ("obama.jpg", "biden.jpg", "32bit.png", "astronaut.png"):
        assert score(engine.compare(sample(name), sample(name), Policy.LARGEST)) == 1.0


def test_an_alpha_channel_changes_nothing_that_matters(engine: Engine, sample: Sample) -> None:
    assert score(engine.compare(sample("32bit.png"), sample("obama2.jpg"), Policy.LARGEST)) > 0.98


def test_a_copy_turned_by_exif_is_the_same_image(engine: Engine, sample: Sample) -> None:
    upright = opened(sample("obama.jpg"))
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn me right to see me upright"
    turned = encode(upright.transpose(Image.Transpose.ROTATE_90), exif=exif)
    comparison = engine.compare(encode(upright), turned, Policy.LARGEST)
    assert score(comparison) == 1.0
    assert comparison.faces[Side.PROBE] == comparison.faces[Side.REFERENCE]


def test_a_comparison_says_which_faces_and_where_the_time_went(engine: Engine, sample: Sample) -> None:
    comparison = engine.compare(sample("obama.jpg"), sample("six_faces.jpg"), Policy.LARGEST)
    assert {side: face.faces_found for side, face in comparison.faces.items()} == {
        Side.REFERENCE: 1,
        Side.PROBE: 6,
    }
    left, top, right, bottom = comparison.faces[Side.REFERENCE].box
    assert (left, top, right, bottom) == pytest.approx((369, 91, 611, 421), abs=15)
    assert comparison.faces[Side.REFERENCE].detection_score > 0.9
    total = comparison.timings_ms["total"]
    steps = {step: ms for step, ms in comparison.timings_ms.items() if step != "total"}
    assert set(steps) == {"wait", "decode", "detect", "align", "embed", "score"}
    assert 0 < max(steps.values()) <= total, "a step is the sum of both sides, which may run at once"


def test_six_faces_under_each_policy(engine: Engine, sample: Sample) -> None:
    body = sample("six_faces.jpg")
    assert isinstance(engine.acquire(body, Policy.LARGEST), Acquired)
    assert isinstance(engine.acquire(body, Policy.MOST_CENTRAL), Acquired)
    refused = failure(engine, body, Policy.REQUIRE_ONE)
    assert refused.reason is Reason.MULTIPLE_FACES
    assert refused.detail == "6 faces were found; `require_one` accepts 1"


def test_the_policy_decides_whose_face_is_compared(engine: Engine, sample: Sample) -> None:
    large, central = opened(sample("obama.jpg")), opened(sample("biden.jpg"))
    central.thumbnail((400, 400))
    scene = Image.new("RGB", (2200, 1200), (90, 90, 90))
    scene.paste(large, (0, 0))
    scene.paste(central, (1100, 420))
    group, biden = encode(scene), sample("biden.jpg")
    assert score(engine.compare(group, biden, Policy.MOST_CENTRAL)) > 0.6
    assert score(engine.compare(group, biden, Policy.LARGEST)) < 0.4


def test_both_sides_are_reported_where_both_fail(engine: Engine, sample: Sample) -> None:
    comparison = engine.compare(sample("no_face.png"), b"not an image", Policy.LARGEST)
    assert failures(comparison) == [
        (Side.REFERENCE, Reason.NO_FACE),
        (Side.PROBE, Reason.UNDECODABLE_IMAGE),
    ]
    assert comparison.faces == {}
    assert "embed" not in comparison.timings_ms


def test_the_side_that_was_acquired_is_reported_where_the_other_fails(engine: Engine, sample: Sample) -> None:
    comparison = engine.compare(sample("obama.jpg"), sample("no_face.png"), Policy.LARGEST)
    assert failures(comparison) == [(Side.PROBE, Reason.NO_FACE)]
    assert set(comparison.faces) == {Side.REFERENCE}


def test_a_truncated_photograph_is_an_outcome(engine: Engine, sample: Sample) -> None:
    for name in ("obama.jpg", "biden.jpg", "32bit.png"):
        body = sample(name)
        for kept in (len(body) // 10, len(body) // 2, len(body) * 9 // 10):
            assert failure(engine, body[:kept]).reason is Reason.UNDECODABLE_IMAGE


def test_a_text_file_is_an_outcome_that_says_what_it_begins_with(engine: Engine) -> None:
    refused = failure(engine, b"Dear Sir or Madam,")
    assert refused.reason is Reason.UNDECODABLE_IMAGE
    assert "Dear Sir" in refused.detail


def test_a_pixel_bomb_is_refused_by_its_header(engine: Engine) -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(3_000_000)))
    assert len(bomb) < 4000
    refused = failure(engine, bomb)
    assert refused.reason is Reason.IMAGE_TOO_LARGE
    assert (
        refused.detail == "the image has 30000x30000 pixels; at most 40000000 are accepted (LIKENESS_MAX_IMAGE_PIXELS)"
    )


def test_too_many_bytes_are_refused(zoo: Pack, zoo_directory: Path, cache: Path, sample: Sample) -> None:
    small = Engine.load(zoo, zoo_directory, Settings(home=cache, provider="cpu", max_image_bytes=2000).engine)
    assert failure(small, sample("obama.jpg")).reason is Reason.IMAGE_TOO_LARGE


def test_a_face_below_the_limit_is_too_small_and_its_size_is_named(engine: Engine, sample: Sample) -> None:
    small = opened(sample("obama.jpg"))
    small.thumbnail((70, 70))
    refused = failure(engine, encode(small))
    assert refused.reason is Reason.FACE_TOO_SMALL
    assert refused.detail.endswith("pixels on its shorter side; at least 24 are needed")


@pytest.mark.parametrize("size", [(1, 60_000), (60_000, 1), (1, 1), (3, 5), (2, 1280), (1279, 2), (23, 23)])
def test_an_image_of_an_odd_shape_has_no_face_in_it(engine: Engine, size: tuple[int, int]) -> None:
    assert failure(engine, encode(Image.new("RGB", size, (120, 130, 140)))).reason is Reason.NO_FACE


def test_noise_has_no_face_in_it(engine: Engine) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (400, 500, 3), dtype=np.uint8)
    assert failure(engine, encode(Image.fromarray(pixels))).reason is Reason.NO_FACE


def test_threads_that_share_an_engine_get_the_answers_one_would_get(engine: Engine, sample: Sample) -> None:
    names = ("obama.jpg", "obama2.jpg", "biden.jpg", "six_faces.jpg", "no_face.png")
    pairs = [(sample(a), sample(b), policy) for a, b in product(names, names) for policy in (Policy.LARGEST,)]
    alone = [engine.compare(*pair) for pair in pairs]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda pair: engine.compare(*pair), pairs))
    assert [(c.outcome, c.faces) for c in together] == [(c.outcome, c.faces) for c in alone]


def test_threads_may_be_the_first_to_use_an_engine(zoo: Pack, zoo_directory: Path, cache: Path, sample: Sample) -> None:
    cold = Engine.load(zoo, zoo_directory, Settings(home=cache, provider="cpu").engine)
    pair = (sample("obama.jpg"), sample("obama2.jpg"), Policy.LARGEST)
    with ThreadPoolExecutor(8) as pool:
        scores = {score(c) for c in pool.map(lambda _: cold.compare(*pair), range(8))}
    assert len(scores) == 1


def test_an_embedding_does_not_depend_on_its_batch(engine: Engine) -> None:
    crops = list(np.random.default_rng(5).integers(0, 256, (5, 112, 112, 3), dtype=np.uint8))
    together = engine.embed(crops)
    assert together.shape == (5, 128)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together.astype(np.float64), axis=1), 1, atol=1e-6)
    assert np.array_equal(together, np.vstack([engine.embed([crop]) for crop in crops]))
    assert engine.embed([]).shape == (0, 128)


def test_the_facts_name_everything_a_score_depends_on(zoo: Pack, zoo_directory: Path, cache: Path) -> None:
    chosen = Settings(home=cache, provider="cpu", detection_size=320, detection_threshold=0.6, min_face_px=40)
    engine: FaceEngine = Engine.load(zoo, zoo_directory, chosen.engine)
    facts = engine.facts
    assert facts.pack == directory_identity(zoo)
    assert (facts.provider, facts.detection_size, facts.detection_threshold, facts.min_face_px) == (
        "cpu",
        320,
        0.6,
        40,
    )
    assert engine.warm_up() > 0


def test_the_detection_threshold_is_the_one_that_was_set(
    zoo: Pack, zoo_directory: Path, cache: Path, sample: Sample
) -> None:
    strict = Engine.load(zoo, zoo_directory, Settings(home=cache, provider="cpu", detection_threshold=0.99).engine)
    assert failure(strict, sample("obama.jpg")).reason is Reason.NO_FACE


@pytest.fixture
def copied_pack(zoo: Pack, zoo_directory: Path, tmp_path: Path) -> Callable[..., Path]:
    """A copy of the pack with one model changed and its manifest made to fit."""

    def copy(task: str, change: Callable[[onnx.ModelProto], None]) -> Path:
        directory = tmp_path / "pack"
        directory.mkdir()
        for file in zoo.files:
            (directory / file.name).write_bytes((zoo_directory / file.name).read_bytes())
        manifest = json.loads((directory / "manifest.json").read_text())
        path = directory / manifest["tasks"][task]["file"]
        model = onnx.load(path)
        change(model)
        onnx.save(model, path)
        manifest["tasks"][task]["sha256"] = sha256(path.read_bytes()).hexdigest()
        (directory / "manifest.json").write_text(json.dumps(manifest))
        return directory

    return copy


def test_a_recogniser_whose_batch_is_fixed_at_one_gives_the_same_embeddings(
    engine: Engine, zoo: Pack, copied_pack: Callable[..., Path], cache: Path, sample: Sample
) -> None:
    def fix_batch(model: onnx.ModelProto) -> None:
        for value in (model.graph.input[0], model.graph.output[0]):
            value.type.tensor_type.shape.dim[0].dim_value = 1

    fixed = Engine.load(zoo, copied_pack("recognition", fix_batch), Settings(home=cache, provider="cpu").engine)
    assert fixed.warm_up() > 0
    crops = list(np.random.default_rng(5).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8))
    assert np.allclose(fixed.embed(crops), engine.embed(crops), atol=1e-6)
    assert score(fixed.compare(sample("obama.jpg"), sample("obama.jpg"), Policy.LARGEST)) == 1.0


def test_a_detector_of_one_size_refuses_another(zoo: Pack, copied_pack: Callable[..., Path], cache: Path) -> None:
    def fix_size(model: onnx.ModelProto) -> None:
        for axis in (2, 3):
            model.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = 320

    directory = copied_pack("detection", fix_size)
    assert Engine.load(zoo, directory, Settings(home=cache, provider="cpu", detection_size=320).engine).warm_up() > 0
    with pytest.raises(SettingsInvalid, match="LIKENESS_DETECTION_SIZE is 640"):
        Engine.load(zoo, directory, Settings(home=cache, provider="cpu", detection_size=640).engine)


def test_a_pack_that_is_not_there_says_how_to_get_it(zoo: Pack, tmp_path: Path) -> None:
    with pytest.raises(PackMissing, match="likeness packs fetch opencv-zoo"):
        Engine.load(zoo, tmp_path / "nowhere", Settings(home=tmp_path).engine)


def test_a_directory_that_holds_no_pack_does_not_load(zoo: Pack, tmp_path: Path) -> None:
    (tmp_path / "det.onnx").write_bytes(b"not a model")
    with pytest.raises(PackCorrupt, match="cannot be loaded as a pack on `cpu`"):
        Engine.load(zoo, tmp_path, Settings(home=tmp_path, provider="cpu").engine)


def test_a_pack_with_other_dimensions_than_the_list_says_does_not_load(
    zoo: Pack, zoo_directory: Path, cache: Path
) -> None:
    with pytest.raises(PackCorrupt, match="gives `opencv-zoo` 512 dimensions; its recogniser returns 128"):
        Engine.load(replace(zoo, embedding_dimension=512), zoo_directory, Settings(home=cache, provider="cpu").engine)
