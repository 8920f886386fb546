"""Execution providers: what is asked for, what onnxruntime offers, and what really runs."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import onnxruntime

from core.errors import ProviderUnavailable

Provider = Literal["cpu", "cuda", "tensorrt"]
Chain = list[tuple[str, dict[str, str]]]

NAMES: dict[Provider, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}
REMEDY = (
    "Install onnxruntime-gpu in place of onnxruntime (infra/requirements/worker-gpu.txt), see that the driver, CUDA "
    "and cuDNN (and TensorRT) it needs can be loaded, or set LIKENESS_PROVIDER to `cpu` or `auto`."
)


def candidates(asked: Literal["auto"] | Provider) -> tuple[Provider, ...]:
    """What to try, in order. Only `auto` has a second choice."""
    if asked != "auto":
        return (asked,)
    return ("cuda", "cpu") if NAMES["cuda"] in onnxruntime.get_available_providers() else ("cpu",)


def require_offered(provider: Provider) -> None:
    """Raise ProviderUnavailable if this onnxruntime was built without the provider."""
    offered = onnxruntime.get_available_providers()
    if NAMES[provider] not in offered:
        raise ProviderUnavailable(
            f"`{provider}` was asked for; onnxruntime {onnxruntime.__version__} on this machine offers "
            f"{', '.join(offered)}. {REMEDY}"
        )


def require_running(provider: Provider, sessions: Iterable[Any]) -> None:
    """Raise ProviderUnavailable unless the provider comes first in every session: onnxruntime falls back silently."""
    for session in sessions:
        running = session.get_providers()
        if running[:1] != [NAMES[provider]]:
            raise ProviderUnavailable(
                f"`{provider}` was asked for and is offered, but a session runs on {', '.join(running)}. {REMEDY}"
            )


def chain(provider: Provider, cache: Path) -> Chain:
    """The provider and those that take what it cannot run, each with its options."""
    cpu = (NAMES["cpu"], dict[str, str]())
    cuda = (NAMES["cuda"], {"arena_extend_strategy": "kSameAsRequested"})
    tensorrt = (
        NAMES["tensorrt"],
        {
            "trt_engine_cache_enable": "True",
            "trt_engine_cache_path": str(cache),
            "trt_timing_cache_enable": "True",
        },
    )
    return {"cpu": [cpu], "cuda": [cuda, cpu], "tensorrt": [tensorrt, cuda, cpu]}[provider]


def session_options(intra_op_threads: int) -> onnxruntime.SessionOptions:
    """One inference uses this many threads and runs its operators in order: concurrency comes from the worker."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = intra_op_threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    return options
