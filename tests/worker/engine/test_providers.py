"""What is asked for runs, or nothing does. This machine has no GPU, or these tests do not apply."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from insightface.app import FaceAnalysis
from onnx import TensorProto, helper

from core.errors import ProviderUnavailable
from core.packs.catalogue import Pack
from core.settings import Settings
from worker.engine import providers
from worker.engine.detect import Detector
from worker.engine.embed import BUCKETS, Recogniser
from worker.engine.engine import Engine
from worker.engine.models import suit_to_tensorrt

without_gpu = pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="onnxruntime-gpu is installed"
)


@without_gpu
@pytest.mark.parametrize("asked", ["cuda", "tensorrt"])
def test_a_provider_asked_for_and_not_offered_stops_the_engine(
    asked: str, zoo: Pack, zoo_directory: Path, tmp_path: Path
) -> None:
    with pytest.raises(ProviderUnavailable) as refused:
        Engine.load(zoo, zoo_directory, Settings(home=tmp_path, provider=asked).engine)
    message = str(refused.value)
    assert message.startswith(f"`{asked}` was asked for; onnxruntime {onnxruntime.__version__}")
    assert "CPUExecutionProvider" in message
    assert "onnxruntime-gpu" in message


@without_gpu
def test_auto_takes_the_cpu_and_says_so(zoo: Pack, zoo_directory: Path, tmp_path: Path) -> None:
    engine = Engine.load(zoo, zoo_directory, Settings(home=tmp_path, provider="auto").engine)
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


def test_a_gpu_is_asked_for_full_float32(tmp_path: Path) -> None:
    options = dict(providers.chain("tensorrt", tmp_path))
    assert options["CUDAExecutionProvider"]["use_tf32"] == "0"
    assert "trt_fp16_enable" not in options["TensorrtExecutionProvider"]


def test_a_memory_limit_holds_for_all_that_a_session_takes_of_a_gpu(tmp_path: Path) -> None:
    options = dict(providers.chain("tensorrt", tmp_path, memory_mb=512))
    assert options["CUDAExecutionProvider"]["gpu_mem_limit"] == str(512 * 2**20)
    assert options["TensorrtExecutionProvider"]["trt_max_workspace_size"] == str(512 * 2**20)
    assert "gpu_mem_limit" not in dict(providers.chain("cuda", tmp_path))["CUDAExecutionProvider"]


def test_what_tensorrt_built_is_kept_where_it_is_told_and_nowhere_else(tmp_path: Path) -> None:
    engines = tmp_path / "tensorrt" / "digest of the pack"
    providers.chain("cuda", engines)
    assert not engines.exists()
    options = dict(providers.chain("tensorrt", engines))["TensorrtExecutionProvider"]
    assert engines.is_dir()
    assert options["trt_engine_cache_path"] == options["trt_timing_cache_path"] == str(engines)


def test_tensorrt_builds_one_engine_a_model_for_every_shape_that_comes(zoo_directory: Path, tmp_path: Path) -> None:
    analysis = FaceAnalysis(str(zoo_directory), providers=["CPUExecutionProvider"], static_shape_sessions=False)
    detection, recognition = analysis.models["detection"], analysis.models["recognition"]
    profiles: list[providers.Options] = []

    def on_the_cpu(profile: providers.Options) -> providers.Chain:
        profiles.append(profile)
        return providers.chain("cpu", tmp_path)

    suit_to_tensorrt(detection, recognition, 640, providers.session_options(1), on_the_cpu)
    assert profiles == [
        {
            "trt_profile_min_shapes": "input:1x3x320x320",
            "trt_profile_opt_shapes": "input:1x3x640x640",
            "trt_profile_max_shapes": "input:1x3x640x640",
        },
        {
            "trt_profile_min_shapes": "data:1x3x112x112",
            "trt_profile_opt_shapes": "data:32x3x112x112",
            "trt_profile_max_shapes": "data:32x3x112x112",
        },
    ]
    detector = Detector(detection, 640)
    assert [detector.find_at(side, np.zeros((side, side, 3), np.uint8)) for side in detector.sizes] == [[], []]
    assert set(detector.sessions) == {detection.session}
    embedded = Recogniser(recognition, BUCKETS).embed([np.zeros((112, 112, 3), np.uint8)] * 3)
    assert embedded.shape == (3, 128)


def test_a_model_that_sees_one_shape_keeps_its_session(zoo_directory: Path, tmp_path: Path) -> None:
    analysis = FaceAnalysis(str(zoo_directory), providers=["CPUExecutionProvider"], static_shape_sessions=False)
    detection, recognition = analysis.models["detection"], analysis.models["recognition"]
    session = detection.session
    suit_to_tensorrt(
        detection, recognition, 320, providers.session_options(1), lambda _: providers.chain("cpu", tmp_path)
    )
    assert detection.session is session


def identity() -> bytes:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    same = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "identity", [value], [same])
    model: onnx.ModelProto = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])
    body: bytes = model.SerializeToString()
    return body
