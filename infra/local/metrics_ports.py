"""Where the processes of a local stack show what they count: on one machine, each needs a port of its own."""

from collections.abc import Mapping

from core.settings.groups import MetricsSettings

#: From the port that is set on; a process that does not run leaves its own free.
PROCESSES = ("api", "worker", "embedder", "courier", "fetcher", "evaluator", "surplus")


def metrics_port_of(process: str, metrics: MetricsSettings) -> Mapping[str, str]:
    """What this process is told; nothing where none is set, and for one that has nothing to show."""
    if metrics.port is None or process not in PROCESSES:
        return {}
    return {"LIKENESS_METRICS_PORT": str(metrics.port + PROCESSES.index(process))}
