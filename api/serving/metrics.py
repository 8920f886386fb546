"""The API's `/metrics`, whatever process of gunicorn's counted: they count into files, which its master reads."""

import os
import re
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from core.settings.groups import MetricsSettings

#: prometheus_client's own name: where it is set when that is first imported, counts go into files below it.
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
_NAME = "likeness-metrics-{pid}-"
_LEFT = re.compile(_NAME.format(pid=r"(\d+)"))
#: A master that is killed leaves processes that serve for a second or more, and make their files when they first count.
STILL_USED_S = 60.0


def begin(metrics: MetricsSettings) -> None:
    """Show them on a thread of the master's, before it starts a process. Raise MetricsNotShown."""
    if metrics.port is None:
        return
    _sweep(Path(tempfile.gettempdir()))
    os.environ[DIRECTORY] = tempfile.mkdtemp(prefix=_NAME.format(pid=os.getpid()))
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


def _sweep(directory: Path) -> None:
    """Remove what masters have left behind that were killed a while ago."""
    for left in directory.glob(_NAME.format(pid="*") + "*"):
        named = _LEFT.match(left.name)
        with suppress(FileNotFoundError):  # another one that starts was faster
            facts = left.stat()
            is_used = time.time() - facts.st_mtime < STILL_USED_S
            if named and facts.st_uid == os.getuid() and not is_used and not _lives(int(named[1])):
                shutil.rmtree(left, ignore_errors=True)


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
