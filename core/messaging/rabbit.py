"""RabbitMQ as the broker: quorum queues, publishes that are confirmed, and no wait without an end."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from celery.exceptions import OperationalError as CeleryOperationalError
from kombu import Exchange, Queue
from kombu.exceptions import LimitExceeded, OperationalError
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.pyamqp import Channel, Connection, Transport

from core.errors import RabbitUnavailable
from core.settings.groups import BrokerSettings
from core.settings.rabbit import SCHEMES
from core.storage.connection import CONNECT_S
from core.storage.patience import note_silence

#: Either side takes the other for dead after two of them without a sign.
HEARTBEAT_S = 10
#: Connections are made as they are needed; a thread that publishes need not wait for another's.
MOST_CONNECTIONS = 64


_ERRORS = (*Transport.connection_errors, *Transport.channel_errors, *Transport.recoverable_connection_errors)


class UnsortedChannel(Channel):  # type: ignore[misc]
    """Sends no priority: with us 0 comes first, and RabbitMQ 4 has what is above 4 overtake the rest of a queue."""

    def prepare_message(self, body: Any, priority: int | None = None, *args: Any, **options: Any) -> Any:
        """As py-amqp has it, but for the priority."""
        return super().prepare_message(body, None, *args, **options)


class BoundedConnection(Connection):  # type: ignore[misc]
    """Waits `answer_s` for an answer that somebody waits for; py-amqp 5.4 waits for ever, but while it connects."""

    Channel = UnsortedChannel

    def __init__(self, *args: Any, answer_s: float, **options: Any) -> None:
        super().__init__(*args, **options)
        self._answer_s = answer_s

    def blocking_read(self, timeout: float | None = None) -> Any:
        """As py-amqp has it. Raise TimeoutError."""
        return super().blocking_read(self._answer_s if timeout is None else timeout)


class RabbitTransport(Transport):  # type: ignore[misc]
    """A consumer whose channel is closed on it connects again, as one that has lost its connection does."""

    Connection = BoundedConnection
    connection_errors = (*Transport.connection_errors, *Transport.channel_errors)
    #: Not `amqp`: for that, and quorum queues, Celery 5.7 declares 56 exchanges and queues for what is to be done
    #: later, which serve no direct exchange. What we try again waits in its worker, for 30 s at most.
    driver_type = "rabbitmq"

    def qos_semantics_matches_spec(self, connection: Any) -> bool:
        """Of each consumer its own number of messages: quorum queues know no other."""
        return True

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Look at once for what came with the answers to what was asked before, as Celery does for `amqp`."""
        super().register_with_event_loop(connection, loop)
        loop.call_soon(self.on_readable, connection, loop)


def use() -> None:
    """Have kombu take this for URLs of RabbitMQ."""
    TRANSPORT_ALIASES.update(dict.fromkeys(SCHEMES, f"{__name__}:{RabbitTransport.__name__}"))


def quorum_queue(name: str, exchange: Exchange) -> Queue:
    """One that a cluster keeps on most of its nodes, and each node on its disk."""
    return Queue(name, exchange, routing_key=name, queue_arguments={"x-queue-type": "quorum"})


def options(broker: BrokerSettings, answer_s: float) -> dict[str, Any]:
    """Where it is, and how one talks to it, as kombu's Connection takes it."""
    assert broker.url is not None
    url = broker.url.get_secret_value()
    parts = urlsplit(url)
    is_encrypted = parts.scheme == SCHEMES[1]
    return {
        "hostname": url,
        "connect_timeout": CONNECT_S,
        "ssl": {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": parts.hostname} if is_encrypted else False,
        "transport_options": {
            "answer_s": answer_s,
            "write_timeout": answer_s,
            "confirm_publish": True,
            "max_retries": 0,  # who publishes is told, and asks again; a consumer tries for ever all the same
        },
    }


def celery_options(broker: BrokerSettings, answer_s: float) -> dict[str, Any]:
    """The same, as Celery takes it."""
    found = options(broker, answer_s)
    return {
        "broker_url": found["hostname"],
        "broker_connection_timeout": found["connect_timeout"],
        "broker_use_ssl": found["ssl"],
        "broker_transport_options": found["transport_options"],
        "broker_heartbeat": HEARTBEAT_S,
        "broker_pool_limit": MOST_CONNECTIONS,
        "broker_pool_acquire_timeout": answer_s,
    }


@contextmanager
def translated() -> Iterator[None]:
    """Give the ways in which RabbitMQ does not do what it is asked one name: RabbitUnavailable."""
    try:
        yield
    except (OperationalError, CeleryOperationalError, LimitExceeded, *_ERRORS) as error:
        if is_silence(error.__cause__ or error):
            note_silence(RabbitUnavailable)
            raise RabbitUnavailable(f"{RabbitUnavailable.server} did not answer in time") from error
        raise RabbitUnavailable(f"{RabbitUnavailable.server} did not do it: {error}") from error


def is_silence(error: BaseException) -> bool:
    """Whether it did not answer in the time granted."""
    return isinstance(error, TimeoutError)


def give_up_on_silence(error: Exception, interval_s: float) -> None:
    """Called by kombu before it tries again: what was not answered in time would not be the second time either."""
    if is_silence(error):
        raise OperationalError(str(error)) from error
