"""The embedded servers, each as a process that can be killed and started again; and a store that many tests share."""

import itertools
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from minio import Minio
from minio.deleteobjects import DeleteObject

from core.errors import LikenessError
from core.settings import Settings
from core.settings.groups import PREFIX
from core.storage.readiness import ensure_bucket, ping_redis
from infra.local.servers import (
    LOOPBACK,
    S3_PORTS,
    RedisServer,
    object_server,
    retry,
    s3_sockets,
)
from tests.support.ports import ours

REDIS, S3 = "redis", "s3"
#: Set by coverage for the processes that are started under it.
COVERAGE = "COVERAGE_PROCESS_CONFIG"
PASSWORD = "a-test-password"
S3_KEYS = {"LIKENESS_S3_ACCESS_KEY": "test-access-key", "LIKENESS_S3_SECRET_KEY": "test-secret-key"}


def settings_of(environment: Mapping[str, str]) -> Settings:
    """What a process with this environment would read, from no file."""
    given: dict[str, object] = {
        name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if name.startswith(PREFIX)
    }
    return Settings(**given)


def outside() -> dict[str, str]:
    """This process's environment without settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


@dataclass
class Servers:
    """Processes by name, in one home. `where` are the settings that lead to the servers."""

    home: Path
    where: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = settings_of(self.where)

    @classmethod
    def at(cls, home: Path, *names: str) -> "Servers":
        """Servers that are not started yet, on ports of their own."""
        home.mkdir(parents=True, exist_ok=True)
        return cls(home, {"LIKENESS_HOME": str(home), **addresses(*names)})

    def start(self, *names: str) -> None:
        """Start servers, without a Python in between: it would cost half a second of a processor each time."""
        for name in names:
            settings = self.settings_of_servers
            (self.home / name).mkdir(mode=0o700, exist_ok=True)
            if name == REDIS:
                redis = RedisServer.of(settings)
                self.spawn(name, redis.command(), outside(), stdin=redis.config().encode())
            else:
                s3 = object_server(settings)
                s3.prepare()
                self.spawn(name, s3.command(), {**outside(), **s3.environment()}, cwd=s3.directory)

    @cached_property
    def settings_of_servers(self) -> Settings:
        """What the servers are told, beside where they are."""
        return self.settings

    def spawn(
        self,
        name: str,
        command: list[str],
        environment: dict[str, str],
        *,
        stdin: bytes = b"",
        cwd: Path | None = None,
    ) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                start_new_session=True,
            )
        if process.stdin:
            with process.stdin as pipe:
                pipe.write(stdin)
        self.processes[name] = process

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

    def wait_for_servers(self, timeout_s: float = 60) -> None:
        """Return once those that `where` names answer and the bucket exists."""
        settings = self.settings
        if "LIKENESS_REDIS_URL" in self.where:
            retry(lambda: ping_redis(settings.redis), timeout_s=timeout_s)
        if "LIKENESS_S3_ENDPOINT" in self.where:
            retry(lambda: ensure_bucket(settings.objects), timeout_s=timeout_s)

    def start_servers(self, *names: str) -> None:
        """Start them and wait until they answer."""
        self.start(*names)
        try:
            self.wait_for_servers(timeout_s=30)
        except LikenessError:  # SeaweedFS now and then hangs while it starts on a busy machine
            if S3 not in names:
                raise
            self.kill(S3)
            self.start(S3)
            self.wait_for_servers()

    def log(self, name: str) -> str:
        file = self.home / f"{name}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def end(self) -> None:
        """End everything that was started, and what it leaves outside of its home."""
        had_s3 = S3 in self.processes
        # Under `make coverage` a process has to write down what it has seen; otherwise nobody waits for its last words.
        how = signal.SIGTERM if COVERAGE in os.environ else signal.SIGKILL
        for name in [*self.processes][::-1]:
            with suppress(subprocess.TimeoutExpired):
                self.kill(name, how)
        if had_s3:
            port = urlsplit(self.where["LIKENESS_S3_ENDPOINT"]).port
            assert port
            for socket in s3_sockets(port):
                socket.unlink(missing_ok=True)


def addresses(*names: str, host: str = LOOPBACK) -> dict[str, str]:
    """Settings that lead to servers on free ports."""
    where = {}
    if REDIS in names:
        where["LIKENESS_REDIS_URL"] = f"redis://:{PASSWORD}@{host}:{ours().take()}"
    if S3 in names:
        where |= {"LIKENESS_S3_ENDPOINT": f"http://{host}:{ours().take(S3_PORTS)}", **S3_KEYS}
    return where


@contextmanager
def serving(home: Path, *names: str) -> Iterator[Servers]:
    """Servers that answer, until the end of the block."""
    servers = Servers.at(home, *names)
    try:
        servers.start_servers(*names)
        yield servers
    finally:
        servers.end()


class Store:
    """One object store for many tests, each in a bucket of its own."""

    def __init__(self, servers: Servers) -> None:
        self._where = {name: value for name, value in servers.where.items() if name.startswith("LIKENESS_S3_")}
        endpoint, *keys = servers.settings.objects.credentials
        self._client = Minio(urlsplit(endpoint).netloc, *keys, secure=False, region=servers.settings.objects.region)
        self._numbers = itertools.count(1)

    @contextmanager
    def bucket(self) -> Iterator[dict[str, str]]:
        """Settings that lead to an empty bucket. It is gone after the block, and with it its volumes."""
        name = f"test-{next(self._numbers)}"
        self._client.make_bucket(name)
        try:
            yield {**self._where, "LIKENESS_S3_BUCKET": name}
        finally:
            keys = [DeleteObject(found.object_name) for found in self._client.list_objects(name, recursive=True)]
            assert not [*self._client.remove_objects(name, keys)]
            self._client.remove_bucket(name)
