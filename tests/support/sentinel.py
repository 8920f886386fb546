"""A primary, a replica and a sentinel that watches them: real servers, and a real failover."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from infra.local.servers import LOOPBACK, RedisServer
from tests.support.ports import ours
from tests.support.servers import PASSWORD, Servers, outside
from tests.support.stack import eventually

SERVICE = "likeness"
SENTINEL_PASSWORD = "a-sentinel-password"


@dataclass
class Watched:
    """Three processes. `url` leads to whichever server is the primary."""

    processes: Servers
    primary: RedisServer
    replica: RedisServer
    sentinel: int

    @property
    def url(self) -> str:
        return (
            f"redis+sentinel://:{PASSWORD}@{LOOPBACK}:1,{LOOPBACK}:{self.sentinel}/{SERVICE}"
            f"?sentinel_password={SENTINEL_PASSWORD}"
        )

    def kill_the_primary(self) -> None:
        """With what it has acknowledged on the replica; who waits for it is told nothing."""
        with redis.Redis.from_url(self.primary.url) as client:
            assert client.wait(1, 5000) == 1
        self.processes.kill("primary")

    def wait_for_the_failover(self) -> None:
        eventually(lambda: _expect(self.replica, role="master"))


@contextmanager
def watched(home: Path) -> Iterator[Watched]:
    """The first of the sentinels that the URL names does not exist: another is asked."""
    home.mkdir(parents=True)
    processes = Servers(home, {"LIKENESS_HOME": str(home)})
    primary, replica = (RedisServer(ours().take(), PASSWORD, home / name, "everysec") for name in ("one", "two"))
    sentinel = ours().take()
    follow = f"masterauth {PASSWORD}\nrepl-diskless-sync-delay 0\n"
    try:
        for name, server, more in (
            ("primary", primary, follow),
            ("replica", replica, f"{follow}replicaof {LOOPBACK} {primary.port}\n"),
        ):
            server.directory.mkdir()
            processes.spawn(name, server.command(), outside(), stdin=(server.config() + more).encode())
        eventually(lambda: _expect(replica, master_link_status="up"))
        (home / "sentinel.conf").write_text(
            f"port {sentinel}\nbind {LOOPBACK}\ndir {home}\nrequirepass {SENTINEL_PASSWORD}\n"
            f"sentinel monitor {SERVICE} {LOOPBACK} {primary.port} 1\nsentinel auth-pass {SERVICE} {PASSWORD}\n"
            f"sentinel down-after-milliseconds {SERVICE} 500\nsentinel failover-timeout {SERVICE} 2000\n"
        )
        processes.spawn("sentinel", [primary.command()[0], str(home / "sentinel.conf"), "--sentinel"], outside())
        eventually(lambda: _sees_both(sentinel))
        yield Watched(processes, primary, replica, sentinel)
    finally:
        processes.end()


def _expect(server: RedisServer, **facts: str) -> None:
    """Of its replication; it closes every connection when it is promoted."""
    try:
        with redis.Redis.from_url(server.url, decode_responses=True) as client:
            found: Any = client.info("replication")
    except redis.RedisError as error:
        raise AssertionError from error
    assert {name: found[name] for name in facts} == facts


def _sees_both(port: int) -> None:
    try:
        with redis.Redis(port=port, password=SENTINEL_PASSWORD, decode_responses=True) as client:
            seen: Any = client.sentinel_master(SERVICE)
    except redis.RedisError as error:
        raise AssertionError from error
    assert seen["num-slaves"] == 1
