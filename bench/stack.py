"""A local stack of the benchmark's own, and what each of its parts costs."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from honcho.environ import parse_procfile

from core.messaging.presence import Presence
from core.settings import Settings, load_settings
from infra.local.processes import MARK, Runner
from infra.local.shares import with_twins
from infra.local.stack import PROCFILE, LocalStack, start_stack

SERVICE = ("redis", "s3", "api", "worker", "courier")
EVALUATIONS = ("embedder", "evaluator")

#: How a part is known by its command line; what fits nothing is a supervisor or a shell.
PARTS = {
    "redis": ("valkey",),
    "object store": ("weed", "rclone serve"),
    "api": ("gunicorn",),
    "worker": ("engine",),
    "surplus": ("surplus@",),
    "embedder": ("embedder",),
    "evaluator": ("evaluator@",),
    "courier": ("courier@",),
}


@dataclass(frozen=True, slots=True)
class BenchStack:
    """A running stack and the settings that lead to it."""

    url: str
    home: Path
    settings: Settings
    environment: Mapping[str, str]

    @contextmanager
    def also(self, name: str, say: Callable[[str], None]) -> Iterator[None]:
        """Start one more process of the Procfile, wait until it takes work, and end it at the end."""
        presence = Presence(self.settings.redis)
        before = {worker.name for worker in presence.workers()}
        say(f"Starting {name} ...")
        log = self.home / "logs" / f"{name}.log"
        runner = Runner(_procfile(self.home, [name]), [name], environment=self.environment, log=log, grace_s=15)
        try:
            while {worker.name for worker in presence.workers()} <= before:
                runner.check()
                time.sleep(0.2)
            yield
        finally:
            runner.stop()

    def cpu_s(self) -> dict[str, float]:
        """Processor seconds that each part has used so far, system and user."""
        return self._sum(lambda process: sum(process.cpu_times()[:2]))

    def rss_mb(self) -> dict[str, float]:
        """Resident memory of each part, in MB."""
        return self._sum(lambda process: process.memory_info().rss / 1e6)

    def busiest(self, part: str) -> int:
        """The process of a part that has used most of the processor: the one that does the work."""
        _, pid = max((sum(process.cpu_times()[:2]), process.pid) for of, process in self._processes() if of == part)
        return int(pid)

    def _sum(self, of: Callable[[psutil.Process], float]) -> dict[str, float]:
        sums = dict.fromkeys([*PARTS, "rest"], 0.0)
        for part, process in self._processes():
            with suppress(psutil.Error):
                sums[part] += of(process)
        return sums

    def _processes(self) -> Iterator[tuple[str, psutil.Process]]:
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(MARK) == str(self.home):
                    yield _part(process.cmdline()), process


@contextmanager
def bench_stack(parts: Sequence[str], say: Callable[[str], None], **environment: str) -> Iterator[BenchStack]:
    """Start these parts of the Procfile in an empty home within the usual one; end them at the end.

    What the environment says of servers elsewhere is left out: everything that is measured runs here. If something
    fails, the logs stay.
    """
    usual = load_settings()
    (usual.home / "bench").mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="stack-", dir=usual.home / "bench"))
    own = {
        "LIKENESS_HOME": str(home),
        "LIKENESS_PACKS_DIR": str(usual.packs.path),
        "LIKENESS_MAX_QUEUED": "1000000",
        "LIKENESS_LOG_LEVEL": "WARNING",
        **environment,
    }
    elsewhere = ("LIKENESS_REDIS_URL", "LIKENESS_BROKER_URL", "LIKENESS_S3_ENDPOINT", "LIKENESS_API_URL")
    try:
        with _environment(own, without=elsewhere), start_stack(procfile=_procfile(home, parts), say=say) as stack:
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
            environment = {**os.environ, **stack.environment, MARK: str(home), "PATH": path}
            yield BenchStack(stack.api_url, home, _settings(stack), environment)
    except BaseException:
        for data in ("redis", "s3"):
            shutil.rmtree(home / data, ignore_errors=True)
        raise
    shutil.rmtree(home)


def _procfile(home: Path, parts: Sequence[str]) -> Path:
    """These lines of the stack's own Procfile; `worker2` and `embedder2` are twins of what is there.

    Without Flower, which would turn on three messages a job.
    """
    commands = with_twins(parse_procfile(PROCFILE.read_text(encoding="utf-8")).processes)
    path = home / f"Procfile.{parts[0]}"
    path.write_text("".join(f"{name}: {commands[name]}\n" for name in parts), encoding="utf-8")
    return path


def _settings(stack: LocalStack) -> Settings:
    with _environment(stack.environment):
        return load_settings()


@contextmanager
def _environment(values: Mapping[str, str], without: Sequence[str] = ()) -> Iterator[None]:
    before = dict(os.environ)
    for name in without:
        os.environ.pop(name, None)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _part(command: Sequence[str]) -> str:
    line = " ".join(command)
    if "infra.local.supervise" in line or "honcho" in line:
        return "rest"
    return next((part for part, signs in PARTS.items() if any(sign in line for sign in signs)), "rest")
