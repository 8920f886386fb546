"""What waits on the broker: messages that no worker has taken, and those that one has and has not acknowledged."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import BrokerUnavailable
from core.messaging.broker import BROKER_DATABASE
from core.settings.groups import RedisSettings
from core.storage.connection import connect, translated

#: kombu keeps a queue's messages in a list per priority step, and those that workers have taken in one hash.
_STEPS = ("", "\x06\x163", "\x06\x166", "\x06\x169")
_TAKEN = "unacked"


@dataclass(frozen=True, slots=True)
class Backlog:
    """Messages on the broker."""

    #: By queue, whatever their priority.
    waiting: Mapping[str, int]
    #: Of all queues; None where the broker does not say.
    taken: int | None


def backlog(server: RedisSettings, *queues: str) -> Backlog:
    """What waits in these queues, in one round trip. Raise BrokerUnavailable."""
    client = connect(server, BROKER_DATABASE)
    try:
        with translated(BrokerUnavailable):
            pipeline = client.pipeline(transaction=False)
            for queue in queues:
                for step in _STEPS:
                    pipeline.llen(queue + step)
            pipeline.hlen(_TAKEN)
            *lengths, taken = pipeline.execute()
    finally:
        client.close()
    steps = len(_STEPS)
    return Backlog({queue: sum(lengths[i * steps : (i + 1) * steps]) for i, queue in enumerate(queues)}, taken)
