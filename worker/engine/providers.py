"""Execution providers: what is asked for, what is offered here, and what really runs."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import onnxruntime

from core.errors import ProviderUnavailable
from core.providers import TRITON, is_openvino, named
from worker.engine import triton
from worker.engine.openvino import require_installed

Provider = Literal["cpu", "cuda", "tensorrt", "openvino-bf16", "openvino-f32", "triton"]
Options = dict[str, str]
Chain = list[tuple[str, Options]]

#: As onnxruntime calls what a session runs on. Beside OpenVINO, which runs the recogniser, the detector is on the CPU;
#: what Triton serves is held against the pack's own graphs on the CPU, once.
NAMES: dict[Provider, str] = {
    "cpu": "CPUExecutionProvider",
    "openvino-bf16": "CPUExecutionProvider",
    "openvino-f32": "CPUExecutionProvider",
    "triton": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}
#: What differs from onnxruntime's defaults, by its page "CUDA Execution Provider"; docs/engine.md says more.
CUDA: Options = {
    "arena_extend_strategy": "kSameAsRequested",  # the shapes are few: no powers of two beyond what they need
    "cudnn_conv_algo_search": "HEURISTIC",  # as good a plan in half the time: docs/performance/gpu.md
    "use_tf32": "0",  # TF32 rounds to 10 bits of mantissa: scores would move away from a CPU's
}
REMEDY = (
    "Install onnxruntime-gpu in place of onnxruntime (infra/requirements/worker-gpu.txt), see that the driver, CUDA "
    "and cuDNN (and TensorRT) it needs can be loaded, or set LIKENESS_PROVIDER to `cpu` or `auto`."
)


def candidates(asked: Literal["auto", "openvino"] | Provider) -> tuple[Provider, ...]:
    """What to try, in order. Only `auto` has a second choice: neither OpenVINO nor Triton."""
    if asked != "auto":
        return (cast(Provider, named(asked)),)
    return ("cuda", "cpu") if NAMES["cuda"] in onnxruntime.get_available_providers() else ("cpu",)


def is_on_cores(provider: str) -> bool:
    """Whether a recogniser runs on the machine's cores: there a face costs about the same in any batch."""
    return provider == "cpu" or is_openvino(provider)


def require_offered(provider: Provider) -> None:
    """Raise ProviderUnavailable if OpenVINO is not installed, or this onnxruntime was built without the provider.

    CUDA's libraries are loaded then, from wheels too, which are on no loader's path.
    """
    if is_openvino(provider):
        require_installed(provider)
    if provider == TRITON:
        triton.require_installed()
    offered = onnxruntime.get_available_providers()
    if NAMES[provider] not in offered:
        raise ProviderUnavailable(
            f"`{provider}` was asked for; onnxruntime {onnxruntime.__version__} on this machine offers "
            f"{', '.join(offered)}. {REMEDY}"
        )
    if provider in ("cuda", "tensorrt"):
        onnxruntime.preload_dlls()


def require_running(provider: Provider, sessions: Iterable[Any]) -> None:
    """Raise ProviderUnavailable unless the provider comes first in every session: onnxruntime falls back silently."""
    for session in sessions:
        running = session.get_providers()
        if running[:1] != [NAMES[provider]]:
            raise ProviderUnavailable(
                f"`{provider}` was asked for and is offered, but a session runs on {', '.join(running)}. {REMEDY}"
            )


def chain(provider: Provider, cache: Path, memory_mb: int | None = None, profile: Options | None = None) -> Chain:
    """The provider and those that take what it cannot run, each with its options, for one session.

    `cache` is for one pack's TensorRT engines: they are told apart by names in the graph, not by weights.
    `memory_mb` limits the session's arena and TensorRT's workspace; `profile` comes from `one_engine_for`.
    """
    cpu = (NAMES["cpu"], Options())
    if is_on_cores(provider) or provider == TRITON:
        return [cpu]
    cuda = (NAMES["cuda"], CUDA | _limit("gpu_mem_limit", memory_mb))
    if provider == "cuda":
        return [cuda, cpu]
    cache.mkdir(parents=True, exist_ok=True)  # onnxruntime makes the last part of the path only
    # By the page "TensorRT Execution Provider"; it has no option against TF32.
    tensorrt = {
        "trt_engine_cache_enable": "True",  # a build takes minutes
        "trt_engine_cache_path": str(cache),
        "trt_timing_cache_enable": "True",  # and less where it can reuse what another measured
        "trt_timing_cache_path": str(cache),  # else the working directory
    }
    limit = _limit("trt_max_workspace_size", memory_mb)
    return [(NAMES["tensorrt"], tensorrt | limit | (profile or {})), cuda, cpu]


def one_engine_for(input_name: str, shapes: Sequence[Sequence[int]]) -> Options:
    """For TensorRT: build once for all shapes, smallest first, not anew when one comes; tuned for the largest."""
    least, most = (f"{input_name}:{'x'.join(map(str, shape))}" for shape in (shapes[0], shapes[-1]))
    return {"trt_profile_min_shapes": least, "trt_profile_opt_shapes": most, "trt_profile_max_shapes": most}


def _limit(option: str, memory_mb: int | None) -> Options:
    return {} if memory_mb is None else {option: str(memory_mb * 2**20)}


def session_options(intra_op_threads: int) -> onnxruntime.SessionOptions:
    """One inference uses this many threads and runs its operators in order: concurrency comes from the worker."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = intra_op_threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    return options
