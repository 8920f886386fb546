"""A real stack for tests: real servers, a real API process, real workers; each can be killed and started again."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from core.errors import LikenessError
from core.settings import Settings
from infra.local.servers import RedisServer, S3Server, free_port, free_s3_port, s3_sockets, wait_until_ready
from likeness.client import Client

T = TypeVar("T")
BIN = Path(sys.executable).parent

COMMANDS = {
    "redis": [sys.executable, "-m", "infra.local.servers", "redis"],
    "s3": [sys.executable, "-m", "infra.local.servers", "s3"],
    "api": [str(BIN / "gunicorn"), "--config", "python:api.serving.gunicorn", "api.app:create_app()"],
    "worker": [
        *(str(BIN / "celery"), "-A", "worker.app", "worker"),
        *("-Q", "comparisons,comparisons-busy", "-n", "engine@%h"),
    ],
    "worker2": [
        *(str(BIN / "celery"), "-A", "worker.app", "worker"),
        *("-Q", "comparisons,comparisons-busy", "-n", "engine2@%h"),
    ],
    "embedder": [str(BIN / "celery"), "-A", "worker.app", "worker", "-Q", "evaluations", "-n", "embedder@%h"],
    "embedder2": [str(BIN / "celery"), "-A", "worker.app", "worker", "-Q", "evaluations", "-n", "embedder2@%h"],
    "evaluator": [str(BIN / "celery"), "-A", "evaluator.app", "worker", "-Q", "reports", "-n", "evaluator@%h"],
    "courier": [
        *(str(BIN / "celery"), "-A", "courier.app", "worker"),
        *("-Q", "callbacks,callbacks-retry,maintenance", "-n", "courier@%h"),
    ],
    "beat": [str(BIN / "celery"), "-A", "courier.app", "beat", "-s", "{home}/beat"],
}


def eventually(check: Callable[[], T], *, within_s: float = 30.0) -> T:
    """Repeat an assertion until it holds; its last failure is the test's."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            return check()
        except (AssertionError, httpx.HTTPError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@dataclass
class Stack:
    """Processes by name. `environment` points any other process of ours at the same servers."""

    home: Path
    environment: dict[str, str]
    settings: Settings
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.environment["LIKENESS_API_URL"]

    def client(self) -> Client:
        return Client(self.url)

    def start(self, *names: str, **environment: str) -> None:
        for name in names:
            command = [part.format(home=self.home) for part in COMMANDS[name]]
            with (self.home / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    command,
                    env={**self.environment, **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> int:
        """End a process and everything it started; returns its exit code."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how) if how is signal.SIGKILL else process.send_signal(how)
        try:
            return process.wait(30)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def wait_for_servers(self) -> None:
        wait_until_ready(self.settings, timeout_s=60)

    def wait_until_ready(self, within_s: float = 60.0) -> None:
        def ready() -> None:
            answer = httpx.get(f"{self.url}/ready", timeout=10)
            assert answer.status_code == 200, f"{answer.text}\n{self.log('worker')[-2000:]}"

        eventually(ready, within_s=within_s)

    def log(self, name: str) -> str:
        file = self.home / f"{name}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one of our commands against this stack."""
        return subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@contextmanager
def running(home: Path, packs_dir: Path, **environment: str) -> Iterator[Stack]:
    """Servers up; everything that was started is ended at the end."""
    home.mkdir(parents=True, exist_ok=True)
    base = 20_000 + random.randrange(120) * 100  # below the ephemeral ports; another run takes another hundred
    outside = {name: value for name, value in os.environ.items() if not name.startswith("LIKENESS_")}
    api = free_port(base + 50)
    settings = Settings(
        home=home,
        packs_dir=packs_dir,
        redis_url=RedisServer(free_port(base + 40), "a-test-password", home).url,
        s3_endpoint=S3Server(free_s3_port(base), "", "", home).endpoint,
        s3_access_key="test-access-key",
        s3_secret_key="test-secret-key",
        api_url=f"http://127.0.0.1:{api}",
    )
    stack = Stack(
        home,
        {
            **outside,
            "LIKENESS_HOME": str(home),
            "LIKENESS_PACKS_DIR": str(packs_dir),
            "LIKENESS_REDIS_URL": settings.redis.url.get_secret_value(),
            "LIKENESS_S3_ENDPOINT": str(settings.objects.endpoint),
            "LIKENESS_S3_ACCESS_KEY": "test-access-key",
            "LIKENESS_S3_SECRET_KEY": "test-secret-key",
            "LIKENESS_API_URL": settings.api.url,
            "LIKENESS_API_BIND": f"127.0.0.1:{api}",
            "LIKENESS_VISIBILITY_TIMEOUT_S": "5",
            "LIKENESS_LEASE_S": "3",
            "LIKENESS_REAPER_INTERVAL_S": "1",
            "LIKENESS_REAPER_PATIENCE_S": "5",
            "REMAP_SIGTERM": "SIGQUIT",
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
            **environment,
        },
        settings,
    )
    try:
        stack.start("redis", "s3")
        try:
            wait_until_ready(settings, timeout_s=30)
        except LikenessError:  # SeaweedFS now and then hangs while it starts on a busy machine
            stack.kill("s3")
            stack.start("s3")
            stack.wait_for_servers()
        yield stack
    finally:
        for name in [*stack.processes][::-1]:
            stack.kill(name)
        for socket in s3_sockets(urlsplit(stack.settings.objects.endpoint).port):
            socket.unlink(missing_ok=True)
