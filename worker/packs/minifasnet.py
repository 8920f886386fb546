"""Builds the `minifasnet` pack: MiniFASNet V2 and V1SE of Minivision, from their PyTorch weights to ONNX.

The same two weight files give the same bytes, so the finished files are in the pack list by digest.
Source of the architecture: Silent-Face-Anti-Spoofing, src/model_lib/MiniFASNet.py; all channel counts are the file's.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from core.errors import PackCorrupt
from core.packs.catalogue import LICENCE, MANIFEST
from worker.packs import licences
from worker.packs.torch_weights import Array, read_weights

#: Of each network: the authors' file, ours, and by how much its crop is larger than the face's box.
NETWORKS = (
    ("2.7_80x80_MiniFASNetV2.pth", "minifasnet_v2.onnx", 2.7),
    ("4_0_0_80x80_MiniFASNetV1SE.pth", "minifasnet_v1se.onnx", 4.0),
)
INPUT_PX = 80
#: Of the three classes, the one of a living face; the others are kinds of attack.
LIVE_CLASS = 1
#: Where the face is in InsightFace's template: left, top, right, bottom. Chosen so that the authors' three photographs
#: score as with their own detector, whose boxes are not those of ours (docs/liveness.md).
FACE = (23.0, 37.0, 91.0, 106.0)
#: The authors' photographs allow for 2.4 to 3.3 times the face, frontal portraits for 2 and more.
LEAST_EXPANSION = 1.5
OPSET, IR_VERSION = 21, 10
NOTICE = "Minivision's model, converted by Likeness; MODEL.LICENSE beside it says how, and holds the licence."

#: What PyTorch adds to a variance.
_EPSILON = 1e-5


def build(sources: Path, destination: Path) -> None:
    """Write the pack's four files from the two verified files of weights. Raise PackCorrupt where they are others."""
    networks = []
    for source, name, expansion in NETWORKS:
        body = network(read_weights(sources / source)).SerializeToString(deterministic=True)
        (destination / name).write_bytes(body)
        networks.append({"file": name, "sha256": hashlib.sha256(body).hexdigest(), "expansion": expansion})
    (destination / LICENCE).write_text(licences.MINIFASNET, encoding="utf-8")
    (destination / MANIFEST).write_text(_manifest(networks), encoding="utf-8")


def network(weights: Mapping[str, Array]) -> onnx.ModelProto:
    """One network with its weights: N x 3 x 80 x 80, BGR of 0..255, to N x 3 probabilities of the classes.

    Raise PackCorrupt where a tensor is missing, left over, or of a shape that does not fit the others.
    """
    graph = _Graph(dict(weights))
    value = graph.convolved("conv1", "input", stride=2, padding=1)
    value = graph.convolved("conv2_dw", value, padding=1)
    for narrower, row in (("conv_23", "conv_3"), ("conv_34", "conv_4"), ("conv_45", "conv_5")):
        value = graph.bottleneck(narrower, value, stride=2)
        block = 0
        while f"{row}.model.{block}.project.conv.weight" in weights:
            value = graph.residual(f"{row}.model.{block}", value)
            block += 1
    value = graph.convolved("conv_6_sep", value)
    value = graph.convolved("conv_6_dw", value)
    value = graph.node("Flatten", [value])
    scale, shift = graph.normalisation("bn")
    value = graph.node(
        "Gemm", [value, graph.constant(graph.take("linear.weight") * scale[:, None], "linear")], transB=1
    )
    value = graph.node("Add", [value, graph.constant(shift, "bn")])
    value = graph.node("Gemm", [value, graph.constant(graph.take("prob.weight"), "prob")], transB=1)
    graph.nodes.append(helper.make_node("Softmax", [value], ["probabilities"], axis=1))
    return graph.finished()


@dataclass(slots=True)
class _Graph:
    """Nodes and constants, made of weights that are each taken once."""

    weights: dict[str, Array]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def take(self, name: str) -> Array:
        """In float64: products of weights are rounded once."""
        try:
            return self.weights.pop(name).astype(np.float64)
        except KeyError:
            raise PackCorrupt(f"these are no weights of a MiniFASNet: {name} is missing") from None

    def node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        """Add one; return the name of what it gives."""
        name = f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, values: Array, name: str) -> str:
        """Add one, in float32."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float32), name))
        return name

    def normalisation(self, name: str) -> tuple[Array, Array]:
        """What a batch norm multiplies with, and what it adds."""
        self.weights.pop(f"{name}.num_batches_tracked", None)
        parts = ("weight", "bias", "running_mean", "running_var")
        weight, bias, mean, variance = (self.take(f"{name}.{part}") for part in parts)
        scale = weight / np.sqrt(variance + _EPSILON)
        return scale, bias - mean * scale

    def convolution(self, name: str, norm: str, value: str, *, stride: int = 1, padding: int = 0) -> str:
        """A convolution with the batch norm behind it. One of a channel each where its weights say so."""
        weight, (scale, shift) = self.take(f"{name}.weight"), self.normalisation(norm)
        if weight.ndim != 4 or weight.shape[0] != scale.size:
            raise PackCorrupt(f"these are no weights of a MiniFASNet: {name} has the shape {weight.shape}")
        is_depthwise = weight.shape[1] == 1
        return self.node(
            "Conv",
            [
                value,
                self.constant(weight * scale[:, None, None, None], f"{name}.weight"),
                self.constant(shift, f"{name}.bias"),
            ],
            group=weight.shape[0] if is_depthwise else 1,
            kernel_shape=list(weight.shape[2:]),
            strides=[stride, stride],
            pads=[padding] * 4,
        )

    def convolved(self, name: str, value: str, *, stride: int = 1, padding: int = 0) -> str:
        """As `convolution`, and a slope for what is negative where there are weights for one."""
        value = self.convolution(f"{name}.conv", f"{name}.bn", value, stride=stride, padding=padding)
        if f"{name}.prelu.weight" not in self.weights:
            return value
        slope = self.take(f"{name}.prelu.weight")
        return self.node("PRelu", [value, self.constant(slope.reshape(-1, 1, 1), f"{name}.prelu")])

    def bottleneck(self, name: str, value: str, *, stride: int = 1) -> str:
        """Wider, filtered channel by channel, narrower again."""
        value = self.convolved(f"{name}.conv", value)
        value = self.convolved(f"{name}.conv_dw", value, stride=stride, padding=1)
        return self.convolved(f"{name}.project", value)

    def residual(self, name: str, value: str) -> str:
        """A bottleneck added to what goes in; through a gate where there are weights for one."""
        branch = self.bottleneck(name, value)
        if f"{name}.se_module.fc1.weight" in self.weights:
            gate = self.node("GlobalAveragePool", [branch])
            gate = self.convolution(f"{name}.se_module.fc1", f"{name}.se_module.bn1", gate)
            gate = self.node("Relu", [gate])
            gate = self.convolution(f"{name}.se_module.fc2", f"{name}.se_module.bn2", gate)
            branch = self.node("Mul", [branch, self.node("Sigmoid", [gate])])
        return self.node("Add", [value, branch])

    def finished(self) -> onnx.ModelProto:
        """The model, checked: its shapes too."""
        if self.weights:
            left = ", ".join(sorted(self.weights)[:3])
            raise PackCorrupt(f"these are no weights of a MiniFASNet: nothing is known of {left}")
        faces = helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, ["batch", 3, INPUT_PX, INPUT_PX])
        classes = helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, ["batch", 3])
        graph = helper.make_graph(self.nodes, "minifasnet", [faces], [classes], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        model.producer_name, model.producer_version, model.doc_string = "likeness", "", NOTICE
        try:
            onnx.checker.check_model(model, full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise PackCorrupt(f"these weights do not make a network: {error}") from error
        return model


def _manifest(networks: list[dict[str, object]]) -> str:
    shared = {
        "input_size": [INPUT_PX, INPUT_PX],
        "colour": "bgr",
        "preprocessing": {"mean": 0.0, "std": 1.0},
        "batch": "any",
        "bona_fide_class": LIVE_CLASS,
    }
    document = {
        "manifest_version": 2,
        "model_id": "minifasnet",
        "display_name": "MiniFASNet V2 and V1SE of Silent-Face-Anti-Spoofing",
        "license": LICENCE,
        "tasks": {
            "liveness": {
                "face": FACE,
                "least_expansion": LEAST_EXPANSION,
                "networks": [{**network, **shared} for network in networks],
            }
        },
    }
    return json.dumps(document, indent=2) + "\n"
