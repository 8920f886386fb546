"""OpenVINO in the place of an onnxruntime session: a recogniser's graph on the CPU, also in bfloat16."""

from collections import deque
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ProviderUnavailable
from core.providers import BFLOAT16

REMEDY = (
    "Install it beside the rest (pip install --no-deps -r infra/requirements/worker-openvino.txt), or set "
    "LIKENESS_PROVIDER to `cpu` or `auto`."
)


def require_installed(provider: str) -> None:
    """Raise ProviderUnavailable where there is no OpenVINO; the lock files of other workers leave it out."""
    if find_spec("openvino") is None:
        raise ProviderUnavailable(f"`{provider}` was asked for, and the package openvino is not installed. {REMEDY}")


class OpenVinoSession:
    """Runs a graph as a session does. Any number of threads may call it; so many `streams` compute at a time.

    Raises ProviderUnavailable where the processor does not compute in the provider's precision.
    """

    def __init__(self, graph: Path, provider: str, *, streams: int, threads: int) -> None:
        """`threads`: of one inference."""
        import openvino  # nobody else needs it to be there

        core = openvino.Core()
        precision = "bf16" if provider == BFLOAT16 else "f32"
        offered = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == "bf16" and "BF16" not in offered:
            raise ProviderUnavailable(
                f"`{provider}` was asked for; OpenVINO {openvino.get_version()} computes on this processor in "
                f"{', '.join(offered)}. Set LIKENESS_PROVIDER to `openvino-f32`, `cpu` or `auto`."
            )
        self._model = core.compile_model(
            graph,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": precision,
                "NUM_STREAMS": streams,
                "INFERENCE_NUM_THREADS": streams * threads,
                "ENABLE_CPU_PINNING": False,  # other processes use these cores as well
            },
        )
        self._idle: deque[Any] = deque()

    def run(self, _: Sequence[str], feeds: Mapping[str, np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
        """Every output, by its place."""
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._model.create_infer_request()
        try:
            found = request.infer(dict(feeds))
            return [np.asarray(found[place], np.float32) for place in range(len(self._model.outputs))]
        finally:
            self._idle.append(request)
