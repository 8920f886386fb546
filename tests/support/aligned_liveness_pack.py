"""A liveness pack with the interface of InsightFace's add-on: an aligned crop of 80 x 80 in, one score out.

Every pixel and colour of the crop has a weight of its own, so that another crop gives another score.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

SIZE = 80
TEMPLATE = [[32.03, 38.06], [47.89, 37.98], [40.01, 47.08], [33.50, 56.36], [46.63, 56.29]]
DECLARED: dict[str, Any] = {
    "file": "liveness.onnx",
    "input_size": [SIZE, SIZE],
    "colour": "rgb",
    "preprocessing": {"mean": 0, "std": 255},
    "template": TEMPLATE,
    "border": "replicate",
    "most_outside": 0.3,
    "single_score": {"bona_fide": "high", "sigmoid": False},
}


def write_aligned_pack(directory: Path, *, gives: onnx.ModelProto | None = None, **changes: Any) -> Path:
    """The files; `changes` replace fields of the network's entry in the manifest, and None leaves one out."""
    directory.mkdir(parents=True, exist_ok=True)
    onnx.save(single_score() if gives is None else gives, directory / "liveness.onnx")
    network = {key: value for key, value in {**DECLARED, **changes}.items() if value is not None}
    manifest = {"manifest_version": 2, "model_id": "aligned", "tasks": {"liveness": {"networks": [network]}}}
    (directory / "manifest.json").write_text(json.dumps(manifest))
    return directory


def single_score(*, is_logit: bool = False, shape: tuple[int, ...] = (-1,)) -> onnx.ModelProto:
    """A score of 0 to 1, or what a sigmoid makes it of; `shape` is that of the output."""
    random = np.random.default_rng(7)
    weights = (random.normal(0, 1, (3 * SIZE * SIZE, 1)) * 0.02).astype(np.float32)
    flat = helper.make_tensor_value_info("score", onnx.TensorProto.FLOAT, ["batch", *shape[1:]])
    nodes = [
        helper.make_node("Flatten", ["faces"], ["pixels"]),
        helper.make_node("MatMul", ["pixels", "weights"], ["logits"]),
        helper.make_node("Identity" if is_logit else "Sigmoid", ["logits"], ["scores"]),
        helper.make_node("Reshape", ["scores", "shape"], ["score"]),
    ]
    constants = [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array(shape), "shape")]
    faces = helper.make_tensor_value_info("faces", onnx.TensorProto.FLOAT, ["batch", 3, SIZE, SIZE])
    graph = helper.make_graph(nodes, "aligned", [faces], [flat], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model
