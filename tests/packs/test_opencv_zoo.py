from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from insightface.app import FaceAnalysis

from core.packs.catalogue import Pack
from worker.packs import opencv_zoo
from worker.packs.verify import faults

Embedding = npt.NDArray[np.float32]

pytestmark = pytest.mark.filterwarnings("ignore:`estimate` is deprecated:FutureWarning")  # insightface 2.1, face_align


@pytest.fixture(scope="module")
def analysis(zoo_directory: Path) -> FaceAnalysis:
    app = FaceAnalysis(str(zoo_directory), providers=["CPUExecutionProvider"])
    app.prepare(ctx_id=0, det_size=(640, 640))
    return app


def largest_embedding(analysis: FaceAnalysis, path: Path) -> Embedding:
    faces = analysis.get(cv2.imread(str(path)))
    embedding: Embedding = max(faces, key=lambda face: np.prod(face.bbox[2:] - face.bbox[:2])).normed_embedding
    return embedding


@pytest.fixture(scope="module")
def embeddings(analysis: FaceAnalysis, samples: dict[str, Path]) -> dict[str, Embedding]:
    return {name: largest_embedding(analysis, path) for name, path in samples.items() if name != "no_face.png"}


def test_the_same_sources_give_the_bytes_in_the_list(zoo: Pack, ingredients: Path, tmp_path: Path) -> None:
    opencv_zoo.build(ingredients, tmp_path)
    assert faults(zoo, tmp_path) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(file.name for file in zoo.files)


def test_mated_and_non_mated_samples_score_as_measured(embeddings: dict[str, Embedding]) -> None:
    obama = embeddings["obama.jpg"]
    assert float(obama @ embeddings["obama2.jpg"]) == pytest.approx(0.743, abs=0.005)
    assert float(obama @ embeddings["biden.jpg"]) == pytest.approx(0.125, abs=0.005)


def test_the_default_threshold_separates_every_sample(zoo: Pack, embeddings: dict[str, Embedding]) -> None:
    subject = {name: "obama" if "obama" in name or name == "32bit.png" else name for name in embeddings}
    assert len(subject) == 9
    for one, first in embeddings.items():
        for other, second in embeddings.items():
            assert (float(first @ second) >= zoo.threshold.value) == (subject[one] == subject[other]), (one, other)


def test_the_detector_finds_as_many_faces_as_there_are(analysis: FaceAnalysis, samples: dict[str, Path]) -> None:
    expected = {"six_faces.jpg": 6, "no_face.png": 0}
    for name, path in samples.items():
        boxes, _ = analysis.det_model.detect(cv2.imread(str(path)))
        assert len(boxes) == expected.get(name, 1), name


@pytest.mark.parametrize("size", [(640, 640), (320, 320), (640, 480)])
@pytest.mark.parametrize("name", ["obama.jpg", "six_faces.jpg", "astronaut.png"])
def test_the_detector_agrees_with_opencvs_own_yunet(
    analysis: FaceAnalysis, ingredients: Path, samples: dict[str, Path], name: str, size: tuple[int, int]
) -> None:
    image = cv2.resize(cv2.imread(str(samples[name])), size)
    peer = cv2.FaceDetectorYN.create(str(ingredients / opencv_zoo.YUNET_SOURCE), "", size, 0.5, 0.4)
    _, theirs = peer.detect(image)
    boxes, keypoints = analysis.det_model.detect(image, input_size=size)
    assert len(boxes) == len(theirs)
    ours, theirs = boxes[:, 0].argsort(), theirs[theirs[:, 0].argsort()]
    np.testing.assert_allclose(boxes[ours, :2], theirs[:, :2], atol=0.01)
    np.testing.assert_allclose(boxes[ours, 2:4], theirs[:, :2] + theirs[:, 2:4], atol=0.01)
    np.testing.assert_allclose(keypoints[ours], theirs[:, 4:14].reshape(-1, 5, 2), atol=0.01)
    np.testing.assert_allclose(boxes[ours, 4], theirs[:, 14], atol=1e-4)


def test_the_recogniser_agrees_with_the_source_and_takes_any_batch(analysis: FaceAnalysis, ingredients: Path) -> None:
    model = onnx.load(ingredients / opencv_zoo.SFACE_SOURCE)
    del model.graph.input[1:]  # initialisers, some of them long gone
    source = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    crops = [np.random.default_rng(seed).integers(0, 256, (112, 112, 3), np.uint8) for seed in range(5)]
    recogniser = analysis.models["recognition"]
    batched = recogniser.get_feat(crops)
    assert batched.shape == (5, 128)
    for crop, ours in zip(crops, batched, strict=True):
        rgb = np.ascontiguousarray(crop[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32))
        np.testing.assert_allclose(ours, source.run(None, {"data": rgb})[0][0], rtol=1e-3, atol=1e-3)


def test_nothing_quantised_is_left_and_only_the_image_is_an_input(zoo_directory: Path) -> None:
    for name, only_input in ((opencv_zoo.DETECTOR, "input"), (opencv_zoo.RECOGNISER, "data")):
        graph = onnx.load(zoo_directory / name).graph
        assert [value.name for value in graph.input] == [only_input]
        assert "DequantizeLinear" not in {node.op_type for node in graph.node}
        assert {i.data_type for i in graph.initializer} <= {onnx.TensorProto.FLOAT, onnx.TensorProto.INT64}


def test_a_per_tensor_scale_is_obeyed_even_where_a_block_size_is_given() -> None:
    quantised, zero = np.array([1, 2, 3], np.int8), np.array([1], np.int8)
    folded = opencv_zoo._dequantize(quantised, np.array([0.5], np.float32), zero, axis=0, block_size=64)
    assert folded.tolist() == [0.0, 0.5, 1.0]


def test_blocks_have_a_scale_each() -> None:
    quantised = np.array([[1, 2, 3, 4]], np.int8)
    scales, zeros = np.array([[1, 10]], np.float32), np.array([[0, 1]], np.int8)
    assert opencv_zoo._dequantize(quantised, scales, zeros, axis=1, block_size=2).tolist() == [[1, 2, 20, 30]]
