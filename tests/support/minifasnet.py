"""A MiniFASNet by its definition, in numpy: nothing folded, nothing fused. And small weights that make one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Weights = Mapping[str, Array]


def probabilities(weights: Weights, bgr: npt.NDArray[np.uint8]) -> Array:
    """Of the three classes, for one image of 80 x 80 x 3."""
    x = bgr.astype(np.float64).transpose(2, 0, 1)
    x = _block(weights, "conv1", x, stride=2, padding=1)
    x = _block(weights, "conv2_dw", x, padding=1)
    for narrower, row in (("conv_23", "conv_3"), ("conv_34", "conv_4"), ("conv_45", "conv_5")):
        x = _bottleneck(weights, narrower, x, stride=2)
        for name in (f"{row}.model.{number}" for number in range(20)):
            if f"{name}.project.conv.weight" in weights:
                x = x + _gated(weights, name, _bottleneck(weights, name, x))
    x = _block(weights, "conv_6_dw", _block(weights, "conv_6_sep", x)).reshape(-1)
    x = _norm(weights, "bn", (weights["linear.weight"] @ x)[:, None, None])[:, 0, 0]
    logits = weights["prob.weight"] @ x
    exponents = np.exp(logits - logits.max())
    result: Array = exponents / exponents.sum()
    return result


def small_weights(seed: int, *, gated: bool) -> dict[str, Array]:
    """All the parts of the real ones, with few channels."""
    random = np.random.default_rng(seed)
    weights: dict[str, Array] = {}

    def put(name: str, *shape: int) -> None:
        spread = 1.4 / np.sqrt(max(1, int(np.prod(shape[1:]))))
        weights[f"module.{name}.weight"] = random.normal(0, spread, shape).astype(np.float32)

    def norm(name: str, channels: int) -> None:
        weights[f"module.{name}.weight"] = random.uniform(0.5, 1.5, channels).astype(np.float32)
        weights[f"module.{name}.bias"] = random.normal(0, 0.2, channels).astype(np.float32)
        weights[f"module.{name}.running_mean"] = random.normal(0, 0.2, channels).astype(np.float32)
        weights[f"module.{name}.running_var"] = random.uniform(0.5, 1.5, channels).astype(np.float32)
        weights[f"module.{name}.num_batches_tracked"] = np.array(100, np.int64)

    def block(name: str, to: int, of: int, kernel: int, *, slopes: bool = True) -> None:
        put(f"{name}.conv", to, of, kernel, kernel)
        norm(f"{name}.bn", to)
        if slopes:
            weights[f"module.{name}.prelu.weight"] = random.uniform(-0.2, 0.6, to).astype(np.float32)

    def bottleneck(name: str, to: int, inner: int, of: int) -> None:
        block(f"{name}.conv", inner, of, 1)
        block(f"{name}.conv_dw", inner, 1, 3)
        block(f"{name}.project", to, inner, 1, slopes=False)

    block("conv1", 5, 3, 3)
    weights["module.conv1.conv.weight"] /= 100  # pixels are 0..255
    block("conv2_dw", 5, 1, 3)
    for narrower, row, of, to, count in (
        ("conv_23", "conv_3", 5, 6, 2),
        ("conv_34", "conv_4", 6, 8, 3),
        ("conv_45", "conv_5", 8, 8, 1),
    ):
        bottleneck(narrower, to, 7, of)
        for number in range(count):
            bottleneck(f"{row}.model.{number}", to, 3 + number, to)
        if gated:
            gate = f"{row}.model.{count - 1}.se_module"
            put(f"{gate}.fc1", to // 2, to, 1, 1)
            norm(f"{gate}.bn1", to // 2)
            put(f"{gate}.fc2", to, to // 2, 1, 1)
            norm(f"{gate}.bn2", to)
    block("conv_6_sep", 9, 8, 1)
    block("conv_6_dw", 9, 1, 5, slopes=False)
    put("linear", 6, 9)
    norm("bn", 6)
    put("prob", 3, 6)
    weights["module.prob.weight"] /= 10  # probabilities that are not 0 or 1
    return weights


def _block(weights: Weights, name: str, x: Array, *, stride: int = 1, padding: int = 0) -> Array:
    x = _norm(weights, f"{name}.bn", _convolved(x, weights[f"{name}.conv.weight"], stride, padding))
    slope = weights.get(f"{name}.prelu.weight")
    return x if slope is None else np.where(x > 0, x, slope[:, None, None] * x)


def _bottleneck(weights: Weights, name: str, x: Array, *, stride: int = 1) -> Array:
    x = _block(weights, f"{name}.conv", x)
    return _block(weights, f"{name}.project", _block(weights, f"{name}.conv_dw", x, stride=stride, padding=1))


def _gated(weights: Weights, name: str, x: Array) -> Array:
    gate = f"{name}.se_module"
    if f"{gate}.fc1.weight" not in weights:
        return x
    y = x.mean(axis=(1, 2), keepdims=True)
    y = np.maximum(_norm(weights, f"{gate}.bn1", _convolved(y, weights[f"{gate}.fc1.weight"], 1, 0)), 0)
    y = _norm(weights, f"{gate}.bn2", _convolved(y, weights[f"{gate}.fc2.weight"], 1, 0))
    gated: Array = x / (1 + np.exp(-y))
    return gated


def _convolved(x: Array, weight: Array, stride: int, padding: int) -> Array:
    height, width = weight.shape[2:]
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), (1, 2))[:, ::stride, ::stride]
    channel_by_channel = weight.shape[1] == 1 and weight.shape[0] == x.shape[0]
    if channel_by_channel:
        channels: Array = np.einsum("cyxij,cij->cyx", windows, weight[:, 0])
        return channels
    return np.tensordot(weight, windows, ([1, 2, 3], [0, 3, 4]))


def _norm(weights: Weights, name: str, x: Array) -> Array:
    scale, shift, mean, variance = (
        weights[f"{name}.{part}"].astype(np.float64)[:, None, None]
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    normal: Array = (x - mean) / np.sqrt(variance + 1e-5) * scale + shift
    return normal
