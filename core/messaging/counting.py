"""How many messages wait, asked of the broker that there is: of Redis, or of RabbitMQ, which tells less."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from kombu import Connection

from core.messaging import rabbit
from core.messaging.backlog import Backlog, backlog
from core.messaging.broker import EXCHANGE, Queues, messages_waiting
from core.messaging.lines import Line, lines
from core.settings import Settings
from core.settings.groups import BrokerSettings, RedisSettings

#: A count is made in a millisecond or two.
ANSWER_S = 2.0
#: A server that was restarted leaves dead connections behind.
_ONCE_MORE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


class Counting(Protocol):
    """Every method raises BrokerUnavailable."""

    def waiting(self, *queues: str) -> int:
        """How many messages no worker has taken yet."""
        ...

    def backlog(self, *queues: str) -> Backlog:
        """The same by queue, and those that workers have taken."""
        ...

    def lines(self) -> Mapping[str, Line]:
        """Every queue, and for how long what comes next has waited."""
        ...


class RedisCounting:
    """Reads the lists themselves."""

    def __init__(self, server: RedisSettings) -> None:
        self._server = server

    def waiting(self, *queues: str) -> int:
        """How many messages no worker has taken yet."""
        return messages_waiting(self._server, *queues)

    def backlog(self, *queues: str) -> Backlog:
        """The same by queue, whatever their priority, and those that workers have taken."""
        return backlog(self._server, *queues)

    def lines(self) -> Mapping[str, Line]:
        """Every queue, and for how long what comes next has waited."""
        return lines(self._server)


class RabbitCounting:
    """Declares the queues, to which RabbitMQ answers with how many messages are ready in each.

    One that somebody has deleted is there again. How old a message is, and how many are taken, it does not say.
    """

    def __init__(self, broker: BrokerSettings) -> None:
        self._broker = broker

    def waiting(self, *queues: str) -> int:
        """How many messages no worker has taken yet."""
        return sum(self._ready(queues).values())

    def backlog(self, *queues: str) -> Backlog:
        """The same by queue."""
        return Backlog(self._ready(queues), None)

    def lines(self) -> Mapping[str, Line]:
        """Every queue."""
        return {name: Line(messages, None) for name, messages in self._ready(Queues.ALL).items()}

    def _ready(self, names: tuple[str, ...]) -> dict[str, int]:
        def declare(channel: Any) -> dict[str, int]:
            return {name: rabbit.quorum_queue(name, EXCHANGE)(channel).queue_declare().message_count for name in names}

        with rabbit.translated(), _connections(self._broker).acquire(block=True, timeout=ANSWER_S) as connection:
            counted = connection.autoretry(declare, errback=rabbit.give_up_on_silence, **_ONCE_MORE)
            found: dict[str, int] = counted()[0]
        return found


def counting(settings: Settings) -> Counting:
    """Of the broker that the settings name. Nothing connects until it is asked."""
    return RabbitCounting(settings.broker) if settings.broker.url else RedisCounting(settings.redis)


@cache
def _connections(broker: BrokerSettings) -> Any:
    rabbit.use()
    return Connection(**rabbit.options(broker, ANSWER_S)).Pool(rabbit.MOST_CONNECTIONS)
