"""A liveness pack that one can hold in the head: what is bright is a living face, what is dark is an attack."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

#: Each network sees the face and this much of its surroundings.
EXPANSIONS = (2.0, 3.0)
SIZE = 32


def write_liveness_pack(directory: Path, **changes: Any) -> Path:
    """The files; `changes` replace fields of the manifest's entry, and of each of its networks."""
    directory.mkdir(parents=True, exist_ok=True)
    networks = []
    for number, expansion in enumerate(EXPANSIONS):
        name = f"brightness_{number}.onnx"
        onnx.save(brightness(), directory / name)
        network = {
            "file": name,
            "expansion": expansion,
            "input_size": [SIZE, SIZE],
            "colour": "bgr",
            "preprocessing": {"mean": 127.5, "std": 127.5},
            "bona_fide_class": 1,
        }
        networks.append({**network, **{key: value for key, value in changes.items() if key in network}})
    task = {"face": [28, 36, 84, 108], "least_expansion": 1.5, "networks": networks}
    task |= {key: value for key, value in changes.items() if key in task}
    manifest = {
        "manifest_version": 2,
        "model_id": "brightness",
        "license": "MODEL.LICENSE",
        "tasks": {"liveness": task},
    }
    (directory / "manifest.json").write_text(json.dumps(manifest))
    (directory / "MODEL.LICENSE").write_text("for tests")
    return directory


def brightness(slope: float = 4.0) -> onnx.ModelProto:
    """Three classes; the second one's share is 1 / (1 + 2 exp(-slope * mean)), 1/3 for middle grey."""
    weights = np.zeros((3, 3), np.float32)
    weights[1] = slope / 3
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights"], ["logits"], transB=1),
        helper.make_node("Softmax", ["logits"], ["classes"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, ["batch", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("classes", onnx.TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model
