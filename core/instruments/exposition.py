"""`/metrics`: what a process counts, as Prometheus reads it, on a port of its own. Off unless a port is set."""

from collections.abc import Iterator
from importlib.metadata import version
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, disable_created_metrics, start_http_server
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from core.errors import LikenessError
from core.settings.groups import MetricsSettings


class MetricsNotShown(LikenessError):
    """The port for `/metrics` cannot be listened on."""

    code = "metrics_not_shown"


class Build(Collector):
    """Which process this is, and of which version."""

    def __init__(self, process: str) -> None:
        self._labels = (process, version("likeness"))

    def collect(self) -> Iterator[Metric]:
        """Always 1, as is usual for facts."""
        family = GaugeMetricFamily("likeness_build_info", "The process and its version", labels=("process", "version"))
        family.add_metric(self._labels, 1)
        yield family


def process_registry(process: str) -> CollectorRegistry:
    """What every process shows: what it is, its memory, processor time, open files, garbage collections."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # when each series began: half as many lines again, for nobody
    registry = CollectorRegistry(auto_describe=True)
    registry.register(Build(process))
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def show(registry: CollectorRegistry, metrics: MetricsSettings) -> WSGIServer | None:
    """Answer `/metrics` on threads of their own from now on; nothing where no port is set. Raise MetricsNotShown."""
    if metrics.port is None:
        return None
    try:
        server, _ = start_http_server(metrics.port, metrics.host, registry)
    except OSError as error:
        raise MetricsNotShown(
            f"LIKENESS_METRICS_PORT is {metrics.port} and LIKENESS_METRICS_HOST {metrics.host}: nothing can listen "
            f"there ({error.strerror or error}). Each process on a machine needs a port of its own"
        ) from error
    return server
