"""Builds the `opencv-zoo` pack: YuNet and SFace of the OpenCV Zoo, as InsightFace's FaceAnalysis loads them.

The same two source files give the same bytes, so the finished files are in the pack list by digest.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from core.packs.catalogue import LICENCE, MANIFEST
from worker.packs import licences

YUNET_SOURCE = "face_detection_yunet_2023mar_int8bq.onnx"
SFACE_SOURCE = "face_recognition_sface_2021dec_int8bq.onnx"
DETECTOR = "yunet_2023mar_scrfd.onnx"
RECOGNISER = "sface_2021dec.onnx"
STRIDES = (8, 16, 32)
IR_VERSION = 10  # what operator set 21, the sources' own, asks for
NOTICE = "OpenCV Zoo's model, modified by Likeness; MODEL.LICENSE beside it says how, and holds the licence."

Array = npt.NDArray[np.generic]


def build(sources: Path, destination: Path) -> None:
    """Write the pack's four files from the two verified source files."""
    detector = yunet_as_scrfd(onnx.load(sources / YUNET_SOURCE))
    recogniser = sface_with_free_batch(onnx.load(sources / SFACE_SOURCE))
    digests = {
        "detection": _save(detector, destination / DETECTOR),
        "recognition": _save(recogniser, destination / RECOGNISER),
    }
    (destination / LICENCE).write_text(licences.OPENCV_ZOO, encoding="utf-8")
    (destination / MANIFEST).write_text(_manifest(digests), encoding="utf-8")


def yunet_as_scrfd(model: onnx.ModelProto) -> onnx.ModelProto:
    """Give YuNet the nine outputs that InsightFace's SCRFD decodes, for any size that is a multiple of 32.

    All distances are in units of the stride, which is what SCRFD multiplies with.
    """
    graph = model.graph
    constants = _fold_weights(graph)
    _swap_colours(graph, constants)
    _keep_used_constants(graph, constants)

    half = numpy_helper.from_array(np.array(0.5, dtype=np.float32), "half")
    graph.initializer.append(half)
    outputs: dict[str, list[onnx.ValueInfoProto]] = {"score": [], "box": [], "keypoints": []}
    for stride in STRIDES:
        graph.node.extend(
            [
                # score = sqrt(cls * obj)
                helper.make_node("Mul", [f"cls_{stride}", f"obj_{stride}"], [f"joint_{stride}"]),
                helper.make_node("Sqrt", [f"joint_{stride}"], [f"one_score_{stride}"]),
                # centre offset and log size -> distances to left, top, right, bottom
                helper.make_node(
                    "Split", [f"bbox_{stride}"], [f"offset_{stride}", f"log_{stride}"], axis=2, num_outputs=2
                ),
                helper.make_node("Exp", [f"log_{stride}"], [f"size_{stride}"]),
                helper.make_node("Mul", [f"size_{stride}", "half"], [f"half_{stride}"]),
                helper.make_node("Sub", [f"half_{stride}", f"offset_{stride}"], [f"left_top_{stride}"]),
                helper.make_node("Add", [f"half_{stride}", f"offset_{stride}"], [f"right_bottom_{stride}"]),
                helper.make_node(
                    "Concat", [f"left_top_{stride}", f"right_bottom_{stride}"], [f"one_box_{stride}"], axis=2
                ),
            ]
        )
        for kind, one, width in (
            ("score", f"one_score_{stride}", 1),
            ("box", f"one_box_{stride}", 4),
            ("keypoints", f"kps_{stride}", 10),
        ):
            graph.node.extend(_twice_in_place(one, f"{kind}_{stride}", width))
            shape = [1, f"locations_{stride}", width]
            outputs[kind].append(helper.make_tensor_value_info(f"{kind}_{stride}", onnx.TensorProto.FLOAT, shape))
    for width in (1, 4, 10):
        rows = numpy_helper.from_array(np.array([1, -1, width], dtype=np.int64), f"rows_of_{width}")
        graph.initializer.append(rows)

    image = helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, [1, 3, "height", "width"])
    return _finished(model, [image], [value for kind in outputs.values() for value in kind])


def sface_with_free_batch(model: onnx.ModelProto) -> onnx.ModelProto:
    """SFace takes RGB of 0..255 and normalises by itself; any number of aligned faces at a time."""
    graph = model.graph
    _keep_used_constants(graph, _fold_weights(graph))
    faces = helper.make_tensor_value_info("data", onnx.TensorProto.FLOAT, ["batch", 3, 112, 112])
    embeddings = helper.make_tensor_value_info("fc1", onnx.TensorProto.FLOAT, ["batch", 128])
    return _finished(model, [faces], [embeddings])


def _fold_weights(graph: onnx.GraphProto) -> dict[str, Array]:
    """Compute every DequantizeLinear and Reshape of constants; return all constants by name."""
    constants: dict[str, Array] = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    kept = []
    for node in graph.node:
        if node.op_type == "DequantizeLinear":
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            constants[node.output[0]] = _dequantize(*(constants[name] for name in node.input), **attributes)
        elif node.op_type == "Reshape" and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]].reshape(constants[node.input[1]].tolist())
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
    return constants


def _dequantize(quantised: Array, scale: Array, zero: Array, *, axis: int = 1, block_size: int = 0) -> Array:
    if scale.size == 1:  # per tensor, even where a block size is given: the biases
        scale, zero = scale.reshape(()), zero.reshape(())
    else:
        scale, zero = (np.repeat(values, block_size, axis=axis) for values in (scale, zero))
    return (quantised.astype(np.float32) - zero.astype(np.float32)) * scale.astype(np.float32)


def _swap_colours(graph: onnx.GraphProto, constants: dict[str, Array]) -> None:
    """YuNet reads BGR, SCRFD feeds RGB: swap the input channels of the convolution that reads the image."""
    (first,) = (node for node in graph.node if "input" in node.input)
    constants[first.input[1]] = constants[first.input[1]][:, ::-1]


def _keep_used_constants(graph: onnx.GraphProto, constants: dict[str, Array]) -> None:
    used = dict.fromkeys(name for node in graph.node for name in node.input)
    del graph.initializer[:]
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(constants[name]), name) for name in used if name in constants
    )


def _twice_in_place(one: str, two: str, width: int) -> Iterable[onnx.NodeProto]:
    """SCRFD expects two anchors per location; its NMS removes the twin."""
    yield helper.make_node("Concat", [one, one], [f"{two}_beside"], axis=2)
    yield helper.make_node("Reshape", [f"{two}_beside", f"rows_of_{width}"], [two])


def _finished(
    model: onnx.ModelProto, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]
) -> onnx.ModelProto:
    graph = model.graph
    for field, values in ((graph.input, inputs), (graph.output, outputs)):
        del field[:]
        field.extend(values)
    del graph.value_info[:]  # holds the fixed sizes of the source
    model.ir_version = IR_VERSION
    model.doc_string = NOTICE
    onnx.checker.check_model(model, full_check=True)
    return model


def _save(model: onnx.ModelProto, path: Path) -> str:
    body = model.SerializeToString(deterministic=True)
    path.write_bytes(body)
    return hashlib.sha256(body).hexdigest()


def _manifest(digests: dict[str, str]) -> str:
    raw_pixels = {"mean": 0.0, "std": 1.0}
    document = {
        "manifest_version": 2,
        "model_id": "opencv-zoo",
        "display_name": "OpenCV Zoo: YuNet + SFace",
        "license": LICENCE,
        "tasks": {
            "detection": {
                "file": DETECTOR,
                "sha256": digests["detection"],
                "preprocessing": raw_pixels,
            },
            "recognition": {
                "file": RECOGNISER,
                "sha256": digests["recognition"],
                "preprocessing": raw_pixels,
                "input_size": [112, 112],
                "embedding_dimension": 128,
            },
        },
    }
    return json.dumps(document, indent=2) + "\n"
