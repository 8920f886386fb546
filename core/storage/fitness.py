"""Whether a Redis-protocol server is one that our promises can rest on: asked once, when a process starts."""

from collections.abc import Callable, Mapping
from typing import Any

import redis
import structlog

from core.errors import RedisUnavailable, SettingsInvalid
from core.settings.groups import RedisSettings
from core.storage.connection import connect, translated

log = structlog.get_logger()

OLDEST = (6, 2)
EVICTION = "noeviction"
#: What our processes ask of it beside reading and writing; an ACL may take these from a user.
_NEEDED: Mapping[str, Callable[[Any], object]] = {
    "info": lambda client: client.info("server"),
    "scan": lambda client: client.scan(count=1),
    "eval": lambda client: client.eval("return 1", 0),
    "publish": lambda client: client.publish("likeness-fitness", ""),
}


def check(server: RedisSettings) -> bool:
    """Log what the server cannot promise; False when it is away now. Raise SettingsInvalid for one of no use."""
    try:
        for shortcoming in examine(server):
            log.warning("redis_promises_less", what=shortcoming)
    except RedisUnavailable as error:
        log.warning("redis_not_examined", why=str(error))
        return False
    return True


def examine(server: RedisSettings) -> tuple[str, ...]:
    """What the server cannot promise, a sentence each. Raise SettingsInvalid for one that cannot be used at all.

    Raise RecordsUnavailable when it does not answer, or is a replica, which a failover may mend.
    """
    with translated():
        client = connect(server, 0)
        try:
            _refuse_without(client)
            sections = ("server", "memory", "persistence", "cluster")
            facts: dict[str, Any] = {
                name: value for section in sections for name, value in client.info(section).items()
            }
            _refuse(facts)
            _refuse_without_databases(server)
        finally:
            client.close()
    return tuple(_shortcomings(facts))


def server_version(server: RedisSettings) -> str:
    """What the server says it is. Raise RecordsUnavailable."""
    with translated():
        facts: dict[str, Any] = connect(server, 0).info("server")
    return str(facts.get("valkey_version") or facts.get("redis_version") or "unknown")


def _refuse_without(client: Any) -> None:
    for name, call in _NEEDED.items():
        try:
            call(client)
        except redis.exceptions.NoPermissionError as error:
            raise _unfit(f"its user may not run {name.upper()}, which is needed: allow +{name} ({error})") from error
        except redis.ReadOnlyError:
            pass  # a moment's state, no property of the server


def _refuse(facts: dict[str, Any]) -> None:
    if facts.get("cluster_enabled"):
        raise _unfit(
            "it is a node of a Redis Cluster. Three databases are used, and steps that change several keys at once: "
            "name one server, or a primary with replicas behind sentinels"
        )
    if (version := _version(facts)) < OLDEST:
        raise _unfit(f"it is version {'.'.join(map(str, version))}; {'.'.join(map(str, OLDEST))} or newer is needed")
    if (policy := facts.get("maxmemory_policy", EVICTION)) != EVICTION:
        raise _unfit(
            f"its maxmemory-policy is {policy}: when it is full it would forget accepted jobs, leases and claims. "
            f"Set it to {EVICTION}"
        )


def _refuse_without_databases(server: RedisSettings) -> None:
    for database in (1, 2):
        client = connect(server, database)
        try:
            client.ping()
        except redis.ResponseError as error:
            raise _unfit(f"databases 0, 1 and 2 are used, and it refuses {database}: {error}") from error
        finally:
            client.close()


def _shortcomings(facts: dict[str, Any]) -> list[str]:
    if facts.get("aof_enabled"):
        return []
    return [
        "the Redis server of LIKENESS_REDIS_URL keeps no append-only file: what it has accepted since its last "
        "snapshot, jobs included, is lost when it ends. Set appendonly yes"
    ]


def _version(facts: dict[str, Any]) -> tuple[int, ...]:
    return tuple(int(part) for part in str(facts.get("redis_version", "")).split(".")[:2] if part.isdigit()) or OLDEST


def _unfit(why: str) -> SettingsInvalid:
    return SettingsInvalid(f"LIKENESS_REDIS_URL: the server cannot be used: {why}")
