"""How a pack declares its recogniser's input, and that the engine obeys: a graph that shows what it was given."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import pytest
from insightface.utils.face_align import norm_crop
from onnx import helper, numpy_helper

from core.errors import PackCorrupt
from core.evaluations.pipeline import PIPELINE_VERSION, Pipeline
from core.packs.catalogue import Pack
from core.settings import Settings
from core.vocabulary import Compared, Policy, Track
from worker.embedding import ShardDiffers, _check
from worker.engine.align import align_for
from worker.engine.contract import Acquired
from worker.engine.engine import Engine
from worker.engine.inputs import NetworkInput
from worker.packs.own import add_pack

SIDE = 128
#: Another than InsightFace's: the face is smaller, and further up.
TEMPLATE = [[45.0, 40.0], [83.0, 40.0], [64.0, 62.0], [49.0, 84.0], [79.0, 84.0]]
DECLARED = {
    "input_size": [SIDE, SIDE],
    "colour": "bgr",
    "preprocessing": {"mean": 100.0, "std": 50.0},
    "template": TEMPLATE,
    "embedding_dimension": 192,
}


def patches(*, side: int = SIDE, batch: int | str = "batch", constant: bool = False) -> onnx.ModelProto:
    """The means of 8 x 8 patches, channel by channel: an embedding that shows the input."""
    step = side // 8
    scale = numpy_helper.from_array(np.array(0.0 if constant else 1.0, np.float32), "scale")
    one = numpy_helper.from_array(np.array(1.0 if constant else 0.0, np.float32), "one")
    nodes = [
        helper.make_node("AveragePool", ["faces"], ["means"], kernel_shape=[step, step], strides=[step, step]),
        helper.make_node("Mul", ["means", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "one"], ["moved"]),
        helper.make_node("Flatten", ["moved"], ["embedding"]),
    ]
    faces = helper.make_tensor_value_info("faces", onnx.TensorProto.FLOAT, [batch, 3, side, side])
    embedding = helper.make_tensor_value_info("embedding", onnx.TensorProto.FLOAT, [batch, 192])
    graph = helper.make_graph(nodes, "patches", [faces], [embedding], [scale, one])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


pytestmark = pytest.mark.filterwarnings("ignore:`estimate` is deprecated:FutureWarning")  # insightface, face_align


@pytest.fixture
def written(zoo_directory: Path, tmp_path: Path) -> Callable[..., Path]:
    """A pack's directory: the zoo's detector, and a recogniser of the test's."""

    def write(declared: dict[str, Any], **graph: Any) -> Path:
        directory = tmp_path / "own"
        directory.mkdir()
        shutil.copy(zoo_directory / "yunet_2023mar_scrfd.onnx", directory)
        onnx.save(patches(**graph), directory / "patches.onnx")
        (directory / "MODEL.LICENSE").write_text("for tests")
        detection = {"file": "yunet_2023mar_scrfd.onnx", "preprocessing": {"mean": 0.0, "std": 1.0}}
        tasks = {"detection": detection, "recognition": {"file": "patches.onnx", **declared}}
        manifest = {"manifest_version": 2, "model_id": "own", "license": "MODEL.LICENSE", "tasks": tasks}
        (directory / "manifest.json").write_text(json.dumps(manifest))
        return directory

    return write


def added(directory: Path, home: Path) -> tuple[Pack, Path]:
    packs = Settings(home=home).packs
    pack = add_pack("own", directory, packs, licence="ours", commercial_use=True, threshold=0.4)
    return pack, packs.path / "own"


def loaded(directory: Path, home: Path) -> Engine:
    pack, place = added(directory, home)
    engine = Engine.load(pack, place, Settings(home=home, provider="cpu").engine)
    engine.warm_up()
    return engine


def expected(crop: npt.NDArray[np.uint8], *, rgb: bool = False) -> npt.NDArray[np.float64]:
    channels = crop[..., ::-1] if rgb else crop
    values = (channels.astype(np.float64) - 100) / 50
    step = crop.shape[0] // 8
    means = values.reshape(8, step, 8, step, 3).mean(axis=(1, 3)).transpose(2, 0, 1).reshape(-1)
    normal: npt.NDArray[np.float64] = means / np.linalg.norm(means)
    return normal


def test_a_recogniser_gets_its_own_template_size_colours_and_scale(
    written: Callable[..., Path], engine: Engine, sample: Callable[[str], bytes], tmp_path: Path
) -> None:
    own, body = loaded(written(DECLARED), tmp_path / "home"), sample("obama.jpg")
    mine, zoos = own.acquire(body, Policy.LARGEST), engine.acquire(body, Policy.LARGEST)
    assert isinstance(mine, Acquired)
    assert isinstance(zoos, Acquired)
    assert mine.crop.shape == (SIDE, SIDE, 3)
    assert (mine.face, mine.seen) == (zoos.face, zoos.seen), "what is found and measured does not depend on it"
    assert mine.seen
    assert mine.seen.landmarks
    marks = mine.seen.landmarks
    points = (marks.right_eye, marks.left_eye, marks.nose, marks.right_mouth_corner, marks.left_mouth_corner)
    image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    matrix, _ = cv2.estimateAffinePartial2D(np.array(points), np.array(TEMPLATE), method=cv2.LMEDS)
    elsewhere = cv2.warpAffine(np.asarray(image), matrix, (SIDE, SIDE))
    assert np.abs(elsewhere.astype(int) - mine.crop).mean() < 6, "another's alignment onto this template"
    assert np.abs(cv2.resize(zoos.crop, (SIDE, SIDE)).astype(int) - mine.crop).mean() > 12, (
        "and it is not InsightFace's"
    )
    np.testing.assert_allclose(own.embed([mine.crop])[0], expected(mine.crop), atol=1e-5)
    comparison = own.compare(body, body, Policy.LARGEST)
    assert comparison.outcome == Compared(1.0)


def test_red_comes_first_unless_the_pack_says_otherwise(written: Callable[..., Path], tmp_path: Path) -> None:
    declared = {name: value for name, value in DECLARED.items() if name != "colour"}
    crop = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    embedded = loaded(written(declared), tmp_path / "home").embed([crop])[0]
    np.testing.assert_allclose(embedded, expected(crop, rgb=True), atol=1e-5)


@pytest.mark.parametrize("batch", ["batch", 1])
def test_faces_go_in_one_by_one_where_the_pack_says_so(
    written: Callable[..., Path], tmp_path: Path, batch: int | str
) -> None:
    engine = loaded(written({**DECLARED, "batch": 1}, batch=batch), tmp_path / "home")
    assert engine._batcher.largest == 1
    crops = [np.full((SIDE, SIDE, 3), shade, np.uint8) for shade in (10, 250)]
    assert engine.embed(crops).shape == (2, 192)


def test_a_declaration_is_part_of_the_packs_digest(written: Callable[..., Path], tmp_path: Path) -> None:
    directory = written(DECLARED)
    one, _ = added(directory, tmp_path / "one")
    manifest = directory / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"bgr"', '"rgb"'))
    two, _ = added(directory, tmp_path / "two")
    assert one.files != two.files


@pytest.mark.parametrize(
    ("declared", "graph", "why"),
    [
        ({"input_size": [112, 112]}, {}, r"must take 112x112 faces; it takes \['batch', 3, 128, 128\]"),
        ({"input_size": [128, 112]}, {}, "tasks.recognition.input_size must be square"),
        ({"input_size": [9000, 9000]}, {}, "input_size must be a number from 16 to 1024; found 9000"),
        ({"colour": "grey"}, {}, 'tasks.recognition.colour must be "rgb" or "bgr"; found \'grey\''),
        ({"batch": 4}, {}, 'tasks.recognition.batch must be 1 or "any"; found 4'),
        (
            {"batch": "any"},
            {"batch": 1},
            'declared to take any batch; its graph takes 1 at a time: declare `"batch": 1`',
        ),
        ({"embedding_dimension": 512}, {}, "is declared to give 512 dimensions .*; it gives 192"),
        ({"template": TEMPLATE[:4]}, {}, "tasks.recognition.template must be five points"),
        ({"template": [[x, 128 - y] for x, y in TEMPLATE]}, {}, "must be that of an upright face"),
        ({"template": [[128 - x, y] for x, y in TEMPLATE]}, {}, "must be that of an upright face"),
        ({"template": [[x + 60, y] for x, y in TEMPLATE]}, {}, "template must be a number from 0 to 128; found 143"),
        ({"template": [["a", "b"]] * 5}, {}, "template must be a number from 0 to 128; found 'a'"),
        ({}, {"constant": True}, "gives one embedding for any face"),
    ],
)
def test_a_declaration_that_is_not_so_is_refused_when_the_pack_is_added(
    written: Callable[..., Path], tmp_path: Path, declared: dict[str, Any], graph: dict[str, Any], why: str
) -> None:
    with pytest.raises(PackCorrupt, match=why):
        added(written({**DECLARED, **declared}, **graph), tmp_path / "home")
    assert not (tmp_path / "home" / "packs" / "own").exists()


def test_crops_that_were_aligned_elsewhere_are_not_for_a_template_of_its_own(
    written: Callable[..., Path], engine: Engine, tmp_path: Path
) -> None:
    own = loaded(written(DECLARED), tmp_path / "home")

    def check(engine: Engine, track: Track) -> None:
        facts = engine.facts
        pipeline = Pipeline(
            pack=facts.pack.name,
            pack_digest=facts.pack.digest,
            track=track,
            flip=False,
            policy=Policy.LARGEST,
            detection_size=facts.detection_size,
            detection_threshold=facts.detection_threshold,
            min_face_px=facts.min_face_px,
            provider="cpu",
            clear_detection_score=facts.clear_detection_score,
            version=PIPELINE_VERSION,
        )
        _check(engine, pipeline)

    check(own, Track.RAW)
    check(engine, Track.ALIGNED)
    with pytest.raises(ShardDiffers, match="on a template of its own, and can be measured on photographs only"):
        check(own, Track.ALIGNED)


@pytest.mark.parametrize("size", [112, 224, 128, 256])
def test_a_size_without_a_template_gets_insightfaces(sample: Callable[[str], bytes], size: int) -> None:
    declared = NetworkInput.of({"input_size": [size, size]}, "x")
    assert declared.is_insightfaces == (size == 112)
    image = np.asarray(cv2.imdecode(np.frombuffer(sample("obama.jpg"), np.uint8), cv2.IMREAD_COLOR), np.uint8)
    keypoints = ((370.0, 400.0), (500.0, 410.0), (430.0, 480.0), (380.0, 550.0), (490.0, 560.0))
    theirs = norm_crop(image, np.array(keypoints, np.float32), size)
    assert np.abs(theirs.astype(int) - align_for(declared, image, keypoints)).mean() < 0.5


def test_a_size_that_insightface_has_no_template_for_needs_one() -> None:
    with pytest.raises(
        PackCorrupt, match=r"x.template must be declared: .* multiples of 112 and 128, and none for 160"
    ):
        NetworkInput.of({"input_size": [160, 160]}, "x")
