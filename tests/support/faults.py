"""Ways of a Redis-protocol server of not doing what it is asked, each brought about on a real one and taken back."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from tests.support.stack import eventually

Fault = Callable[[Any, Path], AbstractContextManager[None]]
NOWHERE = ("127.0.0.1", "1")


@contextmanager
def demoted(redis: Any, home: Path) -> Iterator[None]:
    """READONLY, and UNBLOCKED for who was waiting: as a failover demotes it."""
    redis.execute_command("REPLICAOF", *NOWHERE)
    try:
        yield
    finally:
        redis.execute_command("REPLICAOF", "NO", "ONE")


@contextmanager
def cut_off(redis: Any, home: Path) -> Iterator[None]:
    """MASTERDOWN, to reading as well: a replica without a primary that hands out nothing stale."""
    redis.config_set("replica-serve-stale-data", "no")
    with demoted(redis, home):
        yield


@contextmanager
def full(redis: Any, home: Path) -> Iterator[None]:
    """OOM."""
    redis.config_set("maxmemory", 1)
    try:
        yield
    finally:
        redis.config_set("maxmemory", 0)


@contextmanager
def without_disk(redis: Any, home: Path) -> Iterator[None]:
    """MISCONF: a directory lies where the snapshot would."""
    (home / "redis" / "dump.rdb").mkdir()
    redis.config_set("save", "3600 1")
    redis.bgsave()

    def failed() -> None:
        assert redis.info("persistence")["rdb_last_bgsave_status"] == "err"

    eventually(failed)
    try:
        yield
    finally:
        redis.config_set("save", "")
        (home / "redis" / "dump.rdb").rmdir()


@contextmanager
def forbidding(redis: Any, home: Path) -> Iterator[None]:
    """NOPERM, to every writing command and to scripts."""
    redis.execute_command("ACL", "SETUSER", "default", "-@write", "-@scripting")
    try:
        yield
    finally:
        redis.execute_command("ACL", "SETUSER", "default", "+@all")


@contextmanager
def alone(redis: Any, home: Path) -> Iterator[None]:
    """NOREPLICAS: it was told to take nothing that no replica has."""
    redis.config_set("min-replicas-to-write", 1)
    try:
        yield
    finally:
        redis.config_set("min-replicas-to-write", 0)


@contextmanager
def busy(redis: Any, home: Path) -> Iterator[None]:
    """BUSY: a script does not end."""
    redis.config_set("busy-reply-threshold", 1)
    other = type(redis)(connection_pool=redis.connection_pool)
    connection = other.connection_pool.get_connection()
    connection.send_command("EVAL", "while true do end", 0)

    def answers() -> bool:
        try:
            return bool(redis.ping())
        except RedisError:
            return False

    def is_busy(*, busy: bool) -> None:
        assert answers() is not busy

    eventually(partial(is_busy, busy=True))
    try:
        yield
    finally:
        redis.execute_command("SCRIPT", "KILL")
        eventually(partial(is_busy, busy=False))
        connection.disconnect()
        other.connection_pool.release(connection)


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A process that does nothing, until the end of the block; its connections stay."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it was killed meanwhile
            os.kill(pid, signal.SIGCONT)


@contextmanager
def stopped(redis: Any, home: Path) -> Iterator[None]:
    """Silence: its connections stay, and what is sent to them is done later."""
    with frozen(redis.info("server")["process_id"]):
        yield


@contextmanager
def paused(redis: Any, home: Path) -> Iterator[None]:
    """Silence to who writes; who reads is answered."""
    redis.client_pause(60_000, all=False)
    try:
        yield
    finally:
        redis.client_unpause()


#: By the word with which the server refuses.
REFUSALS: Mapping[str, Fault] = {
    "READONLY": demoted,
    "MASTERDOWN": cut_off,
    "OOM": full,
    "MISCONF": without_disk,
    "NOPERM": forbidding,
    "NOREPLICAS": alone,
    "BUSY": busy,
}
