"""Debian's RabbitMQ as a process of a test's own: its node name, ports and directories, and no root."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.local.servers import LOOPBACK
from tests.support.ports import ours
from tests.support.servers import Servers, outside
from tests.support.stack import eventually

RABBIT, NAMES = "rabbitmq", "epmd"
#: The script itself: Debian's wrapper around it runs for root and its own user alone.
SCRIPTS = "/usr/lib/rabbitmq/lib"


class Rabbit:
    """A node that can be killed and started again, with what it has on its disk."""

    def __init__(self, home: Path) -> None:
        found = sorted(Path(SCRIPTS).glob("rabbitmq_server-*/sbin/rabbitmq-server"))
        if not found:
            pytest.skip("RabbitMQ is not installed: apt-get install rabbitmq-server")
        home.mkdir(parents=True)
        self._script, self._home = found[-1], home
        self.port, self._names, self._nodes = (ours().take() for _ in range(3))
        self.processes = Servers(home, {})

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Begin; its register of names, which outlives a node otherwise, is a process of ours as well."""
        epmd = {"ERL_EPMD_PORT": str(self._names), "ERL_EPMD_ADDRESS": LOOPBACK}
        if NAMES not in self.processes.processes:
            self.processes.spawn(NAMES, ["epmd"], {**outside(), **epmd})
        environment = {
            **outside(),
            **epmd,
            "HOME": str(self._home),
            "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._nodes),
            "RABBITMQ_MNESIA_BASE": str(self._home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._home / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(self._home / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._home / "plugins"),
            # No thread that turns while it waits.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none",
        }
        self.processes.spawn(RABBIT, [str(self._script)], environment)

    def kill(self) -> None:
        """Without a word."""
        self.processes.kill(RABBIT)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Until the end of the block it takes connections and says nothing."""
        group = self.processes.processes[RABBIT].pid
        os.killpg(group, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(group, signal.SIGCONT)

    def wait(self) -> None:
        """Until it takes connections."""

        def answers() -> None:
            try:
                with socket.create_connection((LOOPBACK, self.port), 1) as connection:
                    connection.sendall(b"AMQP\x00\x00\x09\x01")
                    assert connection.recv(1), self.processes.log(RABBIT)[-2000:]
            except OSError as error:
                raise AssertionError(self.processes.log(RABBIT)[-2000:]) from error

        eventually(answers, within_s=60)


@contextmanager
def rabbit(home: Path) -> Iterator[Rabbit]:
    """A node that answers, until the end of the block. Skip where it is not installed."""
    node = Rabbit(home)
    try:
        node.start()
        node.wait()
        yield node
    finally:
        node.processes.end()
