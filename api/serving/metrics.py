"""The API's `/metrics`, whatever process of gunicorn's counted: they count into files, which its master reads."""

import os
import shutil
import tempfile

from core.settings.groups import MetricsSettings

#: prometheus_client's own name: where it is set when that is first imported, counts go into files below it.
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


def begin(metrics: MetricsSettings) -> None:
    """Show them on a thread of the master's, before it starts a process. Raise MetricsNotShown."""
    if metrics.port is None:
        return
    os.environ[DIRECTORY] = tempfile.mkdtemp(prefix="likeness-metrics-")
    # Not before: it looks at the environment once.
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    from core.instruments.exposition import Build, show

    registry = CollectorRegistry()
    registry.register(Build("api"))
    MultiProcessCollector(registry, os.environ[DIRECTORY])  # type: ignore[no-untyped-call]
    show(registry, metrics)


def end() -> None:
    """Leave no file behind."""
    if directory := os.environ.pop(DIRECTORY, None):
        shutil.rmtree(directory, ignore_errors=True)
