"""What a server must be: refused with a sentence at the start, not found out when jobs are lost."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs

from core.errors import RecordsUnavailable, SettingsInvalid
from core.settings import Settings
from core.storage.connection import connect
from core.storage.fitness import check, examine
from infra.local.servers import RedisServer
from tests.support.ports import ours
from tests.support.servers import Servers, outside, settings_of
from tests.support.stack import eventually


@pytest.fixture
def admin(redis_server: Servers) -> Any:
    return connect(redis_server.settings.redis)


def test_the_embedded_server_promises_all(redis_server: Servers) -> None:
    assert examine(redis_server.settings.redis) == ()
    with capture_logs() as logs:
        assert check(redis_server.settings.redis)
    assert logs == []


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-lru", "volatile-ttl", "allkeys-random"])
def test_a_server_that_forgets_when_it_is_full_is_refused(redis_server: Servers, admin: Any, policy: str) -> None:
    admin.config_set("maxmemory-policy", policy)
    with pytest.raises(SettingsInvalid, match=f"LIKENESS_REDIS_URL: .* maxmemory-policy is {policy}: .* noeviction"):
        examine(redis_server.settings.redis)


def test_a_server_without_an_append_only_file_is_named(redis_server: Servers, admin: Any) -> None:
    admin.config_set("appendonly", "no")
    with capture_logs() as logs:
        assert check(redis_server.settings.redis)
    [line] = logs
    assert (line["event"], line["log_level"]) == ("redis_promises_less", "warning")
    assert "appendonly yes" in line["what"]


def test_a_server_that_is_away_is_not_judged(redis_server: Servers) -> None:
    redis_server.kill("redis")
    with pytest.raises(RecordsUnavailable):
        examine(redis_server.settings.redis)
    assert not check(redis_server.settings.redis)


def test_a_server_that_was_just_demoted_is_not_judged_by_it(redis_server: Servers, admin: Any) -> None:
    admin.execute_command("REPLICAOF", "127.0.0.1", "1")
    assert examine(redis_server.settings.redis) == ()


@pytest.mark.parametrize("command", ["info", "scan", "eval", "publish"])
def test_a_user_who_lacks_a_command_is_told_which(redis_server: Servers, admin: Any, command: str) -> None:
    as_app = acl_user(redis_server.settings, admin, f"-{command}")
    with pytest.raises(SettingsInvalid, match=rf"may not run {command.upper()}, which is needed: allow \+{command}"):
        examine(as_app.redis)


def test_the_rule_that_the_documentation_gives_is_enough(redis_server: Servers, admin: Any) -> None:
    assert examine(acl_user(redis_server.settings, admin).redis) == ()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Any]:
    """Starts a server with lines of configuration more than ours; gives the settings that lead to it."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(*lines: str) -> Settings:
        own = RedisServer(ours().take(), "a-password", tmp_path)
        process = subprocess.Popen(own.command(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=outside())
        processes.append(process)
        assert process.stdin
        with process.stdin as pipe:
            pipe.write("\n".join([own.config(), *lines, ""]).encode())

        def up() -> None:
            try:
                redis.Redis.from_url(own.url).ping()
            except redis.RedisError as error:
                raise AssertionError from error

        eventually(up)
        return settings_of({"LIKENESS_REDIS_URL": own.url})

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_redis_cluster_is_refused(server: Any) -> None:
    settings = server("cluster-enabled yes", "cluster-databases 16")
    with pytest.raises(SettingsInvalid, match="it is a node of a Redis Cluster"):
        examine(settings.redis)


def test_a_server_with_one_database_is_refused(server: Any) -> None:
    with pytest.raises(SettingsInvalid, match="databases 0, 1 and 2 are used, and it refuses 1"):
        examine(server("databases 1").redis)


def acl_user(settings: Settings, admin: Any, *but: str) -> Settings:
    """Settings of a user with the rule of docs/security.md, and without some commands."""
    admin.execute_command("ACL", "SETUSER", "app", "on", ">pw", *DOCUMENTED, *but)
    url = settings.redis.database(0).removesuffix("/0")
    return settings.but(redis_url=f"redis://app:pw@{url.rpartition('@')[2]}")


DOCUMENTED = ["~*", "&*", "+@all", "-@admin", "-@dangerous", "+info"]
