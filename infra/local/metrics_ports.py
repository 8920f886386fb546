"""Where the processes of a local stack show what they count: on one machine, each needs a port of its own."""

from collections.abc import Mapping

from core.settings.groups import MetricsSettings

#: From the port that is set on; a process that does not run leaves its own free. A second worker comes after them.
PROCESSES = ("api", "worker", "embedder", "courier", "fetcher", "evaluator", "surplus")


def metrics_port_of(process: str, metrics: MetricsSettings) -> Mapping[str, str]:
    """What this process is told; nothing where none is set, and for one that has nothing to show."""
    line, _, number = process.partition("-")
    if metrics.port is None or line not in PROCESSES:
        return {}
    place = len(PROCESSES) + int(number) - 2 if number else PROCESSES.index(process)
    return {"LIKENESS_METRICS_PORT": str(metrics.port + place)}
