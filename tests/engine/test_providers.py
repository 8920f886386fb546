"""What is asked for runs, or nothing does. This machine has no GPU, or these tests do not apply."""

from pathlib import Path

import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from core.errors import ProviderUnavailable
from core.packs import Pack
from core.settings import Settings
from worker.engine import providers
from worker.engine.engine import Engine

without_gpu = pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="onnxruntime-gpu is installed"
)


@without_gpu
@pytest.mark.parametrize("asked", ["cuda", "tensorrt"])
def test_a_provider_asked_for_and_not_offered_stops_the_engine(
    asked: str, zoo: Pack, zoo_directory: Path, tmp_path: Path
) -> None:
    with pytest.raises(ProviderUnavailable) as refused:
        Engine.load(zoo, zoo_directory, Settings(home=tmp_path, provider=asked))
    message = str(refused.value)
    assert message.startswith(f"`{asked}` was asked for; onnxruntime {onnxruntime.__version__}")
    assert "CPUExecutionProvider" in message
    assert "onnxruntime-gpu" in message


@without_gpu
def test_auto_takes_the_cpu_and_says_so(zoo: Pack, zoo_directory: Path, tmp_path: Path) -> None:
    engine = Engine.load(zoo, zoo_directory, Settings(home=tmp_path, provider="auto"))
    assert engine.facts.provider == "cpu"


def test_a_session_that_runs_elsewhere_is_found_out() -> None:
    session = onnxruntime.InferenceSession(identity(), providers=["CPUExecutionProvider"])
    providers.require_running("cpu", [session])
    with pytest.raises(ProviderUnavailable, match="a session runs on CPUExecutionProvider"):
        providers.require_running("cuda", [session])


def test_only_auto_has_a_second_choice() -> None:
    assert providers.candidates("tensorrt") == ("tensorrt",)
    assert providers.candidates("cuda") == ("cuda",)
    assert providers.candidates("auto")[-1] == "cpu"


def test_a_gpu_provider_hands_what_it_cannot_run_to_the_next(tmp_path: Path) -> None:
    assert [name for name, _ in providers.chain("tensorrt", tmp_path)] == [
        "TensorrtExecutionProvider",
        "CUDAExecutionProvider",
        "CPUExecutionProvider",
    ]


def identity() -> bytes:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    same = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "identity", [value], [same])
    model: onnx.ModelProto = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])
    body: bytes = model.SerializeToString()
    return body
