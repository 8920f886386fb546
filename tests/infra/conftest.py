import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.settings import Settings, load_settings
from infra.local.servers import free_port, free_s3_port, s3_sockets, wait_until_ready


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, in a directory without a `.env`."""
    monkeypatch.setenv("LIKENESS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


class Servers:
    """The two servers, run the way the Procfile runs them. Ports, password and keys are in the environment."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._home = home
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.choose_ports()

    def choose_ports(self) -> None:
        self.environment = {
            "LIKENESS_HOME": str(self._home),
            "LIKENESS_REDIS_URL": f"redis://:open sesame%22@127.0.0.1:{free_port(17000)}",
            "LIKENESS_S3_ENDPOINT": f"http://127.0.0.1:{free_s3_port(19000)}",
            "LIKENESS_S3_ACCESS_KEY": "an-access-key",
            "LIKENESS_S3_SECRET_KEY": "a-secret-key",
        }

    def settings(self) -> Settings:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            settings = load_settings()
            settings.check()  # reads every group, while the environment says so
            return settings

    def start(self) -> Settings:
        with (self._home / "servers.log").open("ab") as log:
            for name in ("redis", "s3"):
                command = [sys.executable, "-m", "infra.local.servers", name]
                self.running[name] = subprocess.Popen(
                    command, env=os.environ | self.environment, stdout=log, stderr=log, cwd=self._home
                )
        wait_until_ready(self.settings(), timeout_s=30, meanwhile=self._alive)
        return self.settings()

    def kill(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()
        for socket in s3_sockets(urlsplit(self.environment["LIKENESS_S3_ENDPOINT"]).port):
            socket.unlink(missing_ok=True)

    def _alive(self) -> None:
        dead = [name for name, process in self.running.items() if process.poll() is not None]
        assert not dead, (self._home / "servers.log").read_text()


@pytest.fixture
def servers(home: Path) -> Iterator[Servers]:
    servers = Servers(home)
    yield servers
    servers.kill()


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Settings of two servers that somebody else runs."""
    servers = Servers(tmp_path_factory.mktemp("outside"))
    servers.start()
    yield {name: value for name, value in servers.environment.items() if name != "LIKENESS_HOME"}
    servers.kill()
