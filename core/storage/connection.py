"""How one gets to the Redis-protocol server, and its ways of not doing what it is asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from core.errors import RecordsUnavailable, RedisUnavailable
from core.settings.groups import RedisSettings
from core.settings.sentinels import Sentinels

DATABASE = 2
T = TypeVar("T")

#: A server that does not answer is waited for this long, once: who asks has a client or a queue behind it.
ANSWER_S = 10.0
CONNECT_S = 2.0


class TellingRetry(Retry):
    """Remembers in a refusal that an earlier try went without an answer: it may have been carried out."""

    def call_with_retry(self, do: Callable[[], T], fail: Callable[..., Any], *args: Any, **options: Any) -> T:
        """As redis-py calls it; ResponseError gets `unanswered`."""
        unanswered = False

        def note(*failure: Any) -> Any:
            nonlocal unanswered
            unanswered = True
            return fail(*failure)

        try:
            return super().call_with_retry(do, note, *args, **options)
        except redis.ResponseError as error:
            error.unanswered = unanswered  # type: ignore[attr-defined]
            raise


def connect(server: RedisSettings, database: int = DATABASE, *, answer_s: float = ANSWER_S) -> Any:
    """A client that connects when first used; without a database, for the records. It finds the primary by Sentinel.

    Typed Any: redis-py types every answer as bytes | str, and with decode_responses they are str.
    """
    options: dict[str, Any] = {
        "decode_responses": True,
        "socket_timeout": answer_s,
        "socket_connect_timeout": CONNECT_S,
        "socket_keepalive": True,
        "health_check_interval": 25,
        # Two quick tries more: a restarted server leaves dead connections in the pool. A stalled one is not asked
        # again: it may yet do what it was asked.
        "retry": TellingRetry(ExponentialBackoff(cap=0.2, base=0.05), 2, (redis.ConnectionError,)),
    }
    if (sentinels := server.sentinels) is None:
        return redis.Redis.from_url(server.database(database), **options)
    finder: Any = cast(Any, Sentinel)(sentinels.nodes, sentinel_kwargs=asking(sentinels), **options)
    return finder.master_for(sentinels.service, db=database, **sentinels.primary_options())


def asking(sentinels: Sentinels) -> dict[str, Any]:
    """How redis-py, kombu and Celery ask the sentinels where the primary is.

    Each is asked once: by default redis-py tries one that is away for some seconds before it turns to the next.
    """
    once = Retry(NoBackoff(), 0)
    return {"socket_timeout": CONNECT_S, "socket_connect_timeout": CONNECT_S, "retry": once, **sentinels.own_options()}


@contextmanager
def translated(unavailable: type[RedisUnavailable] = RecordsUnavailable) -> Iterator[None]:
    """Give every error of redis-py our name: that of the records, unless another is asked for.

    A server that is demoted (READONLY), full (OOM), without a disk (MISCONF), loading, or that forbids the command
    (NOPERM) is as little use as one that is away, and mostly for as short a time.
    """
    try:
        yield
    except redis.ResponseError as error:
        refusal = unavailable(f"{unavailable.server} did not do it: {_said(error)}")
        refusal.is_refusal = not getattr(error, "unanswered", False)
        raise refusal from error
    except (redis.RedisError, OSError) as error:
        raise unavailable(f"{unavailable.server} did not answer: {error}") from error


def _said(error: redis.RedisError) -> str:
    """The server's own words, with its code; not the command, which redis-py adds within a pipeline."""
    text = str(error).rpartition("of pipeline caused error: ")[2]
    return f"{error.status_code} {text}" if error.status_code else text
