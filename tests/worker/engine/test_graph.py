"""The recogniser without PRelu is the same function; what cannot be rewritten stays as it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from core.packs.catalogue import Pack
from core.settings import Settings
from worker.engine.engine import Engine
from worker.engine.graph import without_prelu
from worker.engine.providers import session_options
from worker.packs.verify import verify

Array = npt.NDArray[np.float32]
CHANNELS = 3


def bent(slope: Array, shape: Sequence[int | str] = ("batch", CHANNELS, 5, 4), ir_version: int = 10) -> onnx.ModelProto:
    """y = PRelu(PRelu(x)), both with one slope."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xy")
    nodes = [helper.make_node("PRelu", ["x", "slope"], ["once"]), helper.make_node("PRelu", ["once", "slope"], ["y"])]
    tensor = numpy_helper.from_array(slope, "slope")
    declared = [helper.make_tensor_value_info("slope", tensor.data_type, slope.shape)] if ir_version < 4 else []
    graph = helper.make_graph(nodes, "bent", [x, *declared], [y], [tensor])
    return helper.make_model(graph, ir_version=ir_version, opset_imports=[helper.make_opsetid("", 16)])


def operators(model: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in model.graph.node}


def run(model: onnx.ModelProto, x: Array) -> Any:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), session_options(1), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: x})[0]


slopes = st.lists(st.floats(-2, 2, width=32), min_size=CHANNELS, max_size=CHANNELS).map(
    lambda values: np.array(values, np.float32).reshape(CHANNELS, 1, 1)
)


@settings(deadline=None)
@given(slopes, st.sampled_from([3, 10]), st.integers(0, 2**32 - 1))
def test_the_function_is_the_same_for_any_slopes(slope: Array, ir_version: int, seed: int) -> None:
    model = bent(slope, ir_version=ir_version)
    x = np.random.default_rng(seed).normal(size=(2, CHANNELS, 5, 4)).astype(np.float32)
    before = run(model, x)
    assert without_prelu(model)
    assert operators(model) == {"Conv", "Relu", "Add"}
    assert np.allclose(run(model, x), before, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1)])
def test_one_slope_for_all_channels_will_do(shape: tuple[int, ...]) -> None:
    model = bent(np.full(shape, 0.25, np.float32))
    x = np.random.default_rng(1).normal(size=(1, CHANNELS, 5, 4)).astype(np.float32)
    before = run(model, x)
    assert without_prelu(model)
    assert np.allclose(run(model, x), before, atol=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        bent(np.full((CHANNELS, 5, 4), 0.25, np.float32)),
        bent(np.full(4, 0.25, np.float32)),
        bent(np.full((CHANNELS, 1, 1), 0.25, np.float32), shape=(CHANNELS, 5, 4)),
        bent(np.full((CHANNELS, 1, 1), 0.25, np.float32), shape=("batch", "channels", 5, 4)),
        bent(np.full((CHANNELS, 1, 1), 0.25, np.float16)),
    ],
    ids=["a slope a pixel", "a slope a column", "no batch", "any number of channels", "half precision"],
)
def test_what_is_not_one_slope_a_channel_of_a_batch_of_images_stays(model: onnx.ModelProto) -> None:
    before = model.SerializeToString()
    assert not without_prelu(model)
    assert model.SerializeToString() == before


def test_slopes_that_nobody_reads_any_more_are_gone() -> None:
    model = bent(np.full((CHANNELS, 1, 1), 0.25, np.float32), ir_version=3)
    without_prelu(model)
    assert "slope" not in {tensor.name for tensor in model.graph.initializer}
    assert [value.name for value in model.graph.input] == ["x"]


@pytest.fixture(scope="module")
def sface(zoo_directory: Path) -> onnx.ModelProto:
    """As the pack has it."""
    return onnx.load(zoo_directory / "sface_2021dec.onnx")


@pytest.fixture(scope="module")
def rewritten(sface: onnx.ModelProto) -> onnx.ModelProto:
    model = onnx.ModelProto()
    model.CopyFrom(sface)
    assert without_prelu(model)
    return model


@pytest.fixture(scope="module")
def faces() -> Array:
    return np.random.default_rng(5).uniform(0, 255, (32, 3, 112, 112)).astype(np.float32)


def test_the_packs_recogniser_gives_the_same_raw_outputs(
    sface: onnx.ModelProto, rewritten: onnx.ModelProto, faces: Array
) -> None:
    assert "PRelu" in operators(sface)
    assert "PRelu" not in operators(rewritten)
    assert np.abs(run(rewritten, faces) - run(sface, faces)).max() < 5e-6


@pytest.mark.parametrize("batch", [2, 4, 8, 16, 32])
def test_a_row_is_the_same_to_the_last_bit_in_every_batch(rewritten: onnx.ModelProto, faces: Array, batch: int) -> None:
    session = onnxruntime.InferenceSession(rewritten.SerializeToString(), session_options(1))
    alone = np.vstack([session.run(None, {"data": faces[i : i + 1]})[0] for i in range(batch)])
    assert np.array_equal(session.run(None, {"data": faces[:batch]})[0], alone)


def unit(raw: Any) -> Any:
    rows = raw.astype(np.float64)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_an_engine_on_the_cpu_runs_the_rewritten_graph_and_leaves_the_pack_alone(
    zoo: Pack, zoo_directory: Path, cache: Path, sface: onnx.ModelProto, rewritten: onnx.ModelProto
) -> None:
    engine = Engine.load(zoo, zoo_directory, Settings(home=cache, provider="cpu").engine)
    verify(zoo, zoo_directory, Settings(home=cache).packs)
    crop = np.random.default_rng(5).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    x = crop[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32)
    assert np.array_equal(engine.embed([crop]), unit(run(rewritten, x)))
    assert not np.array_equal(engine.embed([crop]), unit(run(sface, x)))
