"""An empty home, the two servers as the Procfile runs them, and servers that somebody else runs."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.settings import Settings
from infra.local.servers import LOOPBACK, S3_PORTS
from tests.support.ports import ours
from tests.support.servers import REDIS, S3, Store, outside, serving
from tests.support.shared import SHARED
from tests.support.stack import Stack


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, in a directory without a `.env`."""
    monkeypatch.setenv("LIKENESS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


class Deployed:
    """The two servers, run the way the Procfile runs them. Ports, password and keys are in the environment."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._home = home
        self.choose_ports()

    def choose_ports(self) -> None:
        where = {
            "LIKENESS_HOME": str(self._home),
            "LIKENESS_REDIS_URL": f"redis://:open sesame%22@{LOOPBACK}:{ours().take()}",
            "LIKENESS_S3_ENDPOINT": f"http://{LOOPBACK}:{ours().take(S3_PORTS)}",
            "LIKENESS_S3_ACCESS_KEY": "an-access-key",
            "LIKENESS_S3_SECRET_KEY": "a-secret-key",
        }
        self._servers = Stack(self._home, where, environment={**outside(), **where})

    @property
    def running(self) -> dict[str, subprocess.Popen[bytes]]:
        return self._servers.processes

    def start(self) -> Settings:
        for name in (REDIS, S3):
            self._servers.start_from_procfile(name)
        self._servers.wait_for_servers(timeout_s=30)
        return self._servers.settings

    def kill(self) -> None:
        self._servers.end()


@pytest.fixture
def servers(home: Path) -> Iterator[Deployed]:
    servers = Deployed(home)
    yield servers
    servers.kill()


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory, object_store: Store) -> dict[str, str]:
    """Settings of two servers that somebody else runs."""

    @contextmanager
    def started() -> Iterator[dict[str, str]]:
        with serving(tmp_path_factory.mktemp("elsewhere"), REDIS) as redis, object_store.bucket() as bucket:
            yield {"LIKENESS_REDIS_URL": redis.where["LIKENESS_REDIS_URL"], **bucket}

    return SHARED.lend("elsewhere", started)
