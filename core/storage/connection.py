"""How one gets to the Redis-protocol server, and its ways of being away."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from core.errors import RecordsUnavailable, RedisUnavailable
from core.settings.groups import RedisSettings

DATABASE = 2


def connect(server: RedisSettings, database: int = DATABASE) -> Any:
    """A client that connects when first used; without a database, for the records.

    Typed Any: redis-py types every answer as bytes | str, and with decode_responses they are str.
    """
    return redis.Redis.from_url(
        server.database(database),
        decode_responses=True,
        socket_timeout=10,
        socket_connect_timeout=2,
        socket_keepalive=True,
        health_check_interval=25,
        # Two quick tries more: a restarted server leaves dead connections in the pool.
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.05), 2),
    )


@contextmanager
def translated(unavailable: type[RedisUnavailable] = RecordsUnavailable) -> Iterator[None]:
    """Give redis-py's ways of being away our name: that of the records, unless another is asked for."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError) as error:
        raise unavailable(f"{unavailable.server} did not answer: {error}") from error
