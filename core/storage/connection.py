"""How one gets to the Redis-protocol server, and its ways of not doing what it is asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar, cast

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from core.errors import RecordsUnavailable, RedisUnavailable
from core.settings.groups import RedisSettings
from core.settings.sentinels import Sentinels
from core.storage.patience import granted_s, note_answer, note_silence

DATABASE = 2
T = TypeVar("T")

#: A server that does not answer is waited for this long, once, ...
ANSWER_S = 10.0
#: ... and this long while a client waits: with `appendfsync always` an answer takes what the disk takes.
CLIENT_ANSWER_S = 2.0
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
        # Bytes that are no UTF-8 make one record unreadable, not the list that it is in.
        "encoding_errors": "surrogateescape",
        "socket_timeout": answer_s,
        "socket_connect_timeout": CONNECT_S,
        "socket_keepalive": True,
        "health_check_interval": 25,
        # Two quick tries more: a restarted server leaves dead connections in the pool. A stalled one is not asked
        # again: it may yet do what it was asked.
        "retry": TellingRetry(ExponentialBackoff(cap=0.2, base=0.05), 2, (redis.ConnectionError,)),
    }
    if (sentinels := server.sentinels) is None:
        return patient(redis.Redis.from_url(server.database(database), **options))
    finder: Any = cast(Any, Sentinel)(sentinels.nodes, sentinel_kwargs=asking(sentinels), **options)
    return patient(finder.master_for(sentinels.service, db=database, **sentinels.primary_options()))


def asking(sentinels: Sentinels) -> dict[str, Any]:
    """How redis-py, kombu and Celery ask the sentinels where the primary is.

    Each is asked once: by default redis-py tries one that is away for some seconds before it turns to the next.
    """
    once = Retry(NoBackoff(), 0)
    return {"socket_timeout": CONNECT_S, "socket_connect_timeout": CONNECT_S, "retry": once, **sentinels.own_options()}


def patient(client: Any) -> Any:
    """The client, whose connections from now on wait no longer than is granted to whoever asks."""
    pool = client.connection_pool
    pool.connection_class = _patient(pool.connection_class)
    return client


@cache
def _patient(kind: Any) -> Any:
    class Patient(kind):  # type: ignore[misc]
        """Looks at each use how long it may take: it may have been made for somebody with more time."""

        @property
        def socket_timeout(self) -> float:
            return granted_s(super().socket_timeout, first_s=CLIENT_ANSWER_S, server=RedisUnavailable)

        @socket_timeout.setter
        def socket_timeout(self, seconds: float) -> None:
            kind.socket_timeout.fset(self, seconds)

        @property
        def socket_connect_timeout(self) -> float:
            return granted_s(super().socket_connect_timeout, first_s=CONNECT_S, server=RedisUnavailable)

        @socket_connect_timeout.setter
        def socket_connect_timeout(self, seconds: float) -> None:
            kind.socket_connect_timeout.fset(self, seconds)

        def send_packed_command(self, command: Any, check_health: bool = True) -> None:
            self.update_current_socket_timeout(self.socket_timeout)
            super().send_packed_command(command, check_health)

        def read_response(self, *args: Any, **options: Any) -> Any:
            answer = super().read_response(*args, **options)
            note_answer(RedisUnavailable)
            return answer

    return Patient


def is_silence(error: BaseException) -> bool:
    """Whether the server did not answer in the time granted."""
    return isinstance(error, redis.TimeoutError)


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
        if is_silence(error):
            note_silence(unavailable)
        raise unavailable(f"{unavailable.server} did not answer: {error}") from error


def _said(error: redis.RedisError) -> str:
    """The server's own words, with its code; not the command, which redis-py adds within a pipeline."""
    text = str(error).rpartition("of pipeline caused error: ")[2]
    return f"{error.status_code} {text}" if error.status_code else text
