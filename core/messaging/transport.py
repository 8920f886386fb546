"""kombu's transport, which takes every error that Redis answers for a lost connection."""

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.redis import SentinelTransport, Transport


class RedisTransport(Transport):  # type: ignore[misc]
    """A consumer that meets READONLY, UNBLOCKED, MISCONF or OOM connects again, and goes on when that is over.

    To kombu 5.7.0 only a broken connection is a reason to (celery#7946): a demoted server ended every worker with
    "Unrecoverable error: ResponseError('UNBLOCKED force unblock from blocking operation ...')", and an answer to an
    acknowledgement went through the pool's threads as an exception.
    """

    connection_errors = (*Transport.connection_errors, *Transport.channel_errors)


class SentinelRedisTransport(SentinelTransport):  # type: ignore[misc]
    """The same, to the primary that the sentinels name."""

    connection_errors = RedisTransport.connection_errors


def use() -> None:
    """Have kombu take these for URLs of Redis: Flower and its own log lines look at the scheme."""
    TRANSPORT_ALIASES.update(
        redis=f"{__name__}:RedisTransport",
        rediss=f"{__name__}:RedisTransport",
        sentinel=f"{__name__}:SentinelRedisTransport",
    )
