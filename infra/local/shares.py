"""How a local stack shares a machine of many cores between processes of one kind.

Python holds its interpreter for a part of each job, so one process does not fill them: on 16 cores one worker of 16
threads compared 134 pairs a second, four of four threads 181 (docs/performance/gpu.md).
"""

from collections.abc import Mapping
from math import ceil

from core.settings import Settings

CORES_OF_A_WORKER = 4
#: On 16 cores the whole service made 123 comparisons a second; 10.3 ms each, an API process carries some 97 at most.
CORES_OF_AN_API = 8


def shares_of(settings: Settings, cores: int) -> Mapping[str, Mapping[str, str]]:
    """What the API and each worker are told, by their names: `worker`, `worker-2`, ... No setting is overruled."""
    workers = settings.worker.processes or max(1, cores // CORES_OF_A_WORKER)
    apis, share, told = cores // CORES_OF_AN_API, ceil(cores / workers), {}
    if workers > 1 and "threads" not in settings.engine.model_fields_set:
        told["LIKENESS_ENGINE_THREADS"] = str(share)
    if workers > 1 and "threads" not in settings.worker.model_fields_set:
        told["LIKENESS_WORKER_THREADS"] = str(2 * share)
    is_api_told = apis > 1 and "processes" not in settings.api.model_fields_set
    return {
        "api": {"LIKENESS_API_PROCESSES": str(apis)} if is_api_told else {},
        "worker": told,
        **{f"worker-{number}": {**told, "WORKER_NODE": f"engine-{number}"} for number in range(2, workers + 1)},
    }


def line_of(name: str) -> str:
    """The line of the Procfile that a process of this name runs."""
    return name.partition("-")[0]


def with_twins(lines: Mapping[str, str]) -> dict[str, str]:
    """The Procfile's lines, and `worker2` and `embedder2` under names of their own: who starts them ends them too."""
    return {
        **lines,
        "worker2": lines["worker"].replace("-engine}@", "-engine2}@"),
        "embedder2": lines["embedder"].replace(" embedder@", " embedder2@"),
    }
