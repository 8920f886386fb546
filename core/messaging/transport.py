"""kombu's transport, which takes every error that Redis answers for a lost connection, and asks it for less."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.redis import Channel, QoS, SentinelChannel, SentinelTransport, Transport


class InHand(QoS):  # type: ignore[misc]
    """Notes which messages are in hand, and strikes them off, in two commands each where kombu needs four.

    kombu 5.7.0 has them in a transaction. Cut off between the two, an entry of the index stays that no message belongs
    to, and kombu drops it when its time has come: it is written first, and goes last.

    One client for all of them: kombu makes one each time, which takes as long as what it is made for (0.2 ms).
    """

    _client: Any = None

    @contextmanager
    def pipe_or_acquire(self, pipe: Any = None, client: Any = None) -> Iterator[Any]:
        """As kombu has it, but for MULTI and EXEC. Within a transaction that has begun, that one."""
        if pipe:
            yield pipe
            return
        yield (client or self._client_of(self.channel.pool)).pipeline(transaction=False)

    def _client_of(self, pool: Any) -> Any:
        """The client on this pool, which is another one after the connection was lost."""
        if (known := self._client) is None or known.connection_pool is not pool:
            with self.channel.conn_or_acquire() as self._client:
                return self._client
        return known

    def _remove_from_indices(self, delivery_tag: str, pipe: Any = None) -> Any:
        with self.pipe_or_acquire(pipe) as commands:
            return commands.hdel(self.unacked_key, delivery_tag).zrem(self.unacked_index_key, delivery_tag)


class RedisChannel(Channel):  # type: ignore[misc]
    """Notes what is in hand our way."""

    QoS = InHand


class SentinelRedisChannel(SentinelChannel):  # type: ignore[misc]
    """The same."""

    QoS = InHand


class RedisTransport(Transport):  # type: ignore[misc]
    """A consumer that meets READONLY, UNBLOCKED, MISCONF or OOM connects again, and goes on when that is over.

    To kombu 5.7.0 only a broken connection is a reason to (celery#7946): a demoted server ended every worker with
    "Unrecoverable error: ResponseError('UNBLOCKED force unblock from blocking operation ...')", and an answer to an
    acknowledgement went through the pool's threads as an exception.
    """

    connection_errors = (*Transport.connection_errors, *Transport.channel_errors)
    Channel = RedisChannel


class SentinelRedisTransport(SentinelTransport):  # type: ignore[misc]
    """The same, to the primary that the sentinels name."""

    connection_errors = RedisTransport.connection_errors
    Channel = SentinelRedisChannel


def use() -> None:
    """Have kombu take these for URLs of Redis: Flower and its own log lines look at the scheme."""
    TRANSPORT_ALIASES.update(
        redis=f"{__name__}:RedisTransport",
        rediss=f"{__name__}:RedisTransport",
        sentinel=f"{__name__}:SentinelRedisTransport",
    )
