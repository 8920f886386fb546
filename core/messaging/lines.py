"""What waits in the queues of the broker, and for how long."""

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from core.errors import BrokerUnavailable
from core.messaging.broker import BROKER_DATABASE, Queues
from core.settings.groups import RedisSettings
from core.storage.connection import connect, translated
from core.storage.lifecycle import ID, made_at

_ID = re.compile(ID)


@dataclass(frozen=True, slots=True)
class Line:
    """The messages of one queue that no worker has taken."""

    messages: int
    #: Seconds since what the next message is about was made; 0 where nothing waits, or it is about no record.
    oldest_s: float


def lines(server: RedisSettings) -> Mapping[str, Line]:
    """Every queue, in one round trip. Raise BrokerUnavailable."""
    now = time.time()
    with translated(BrokerUnavailable):
        pipeline = connect(server, BROKER_DATABASE).pipeline(transaction=False)
        for queue in Queues.ALL:
            pipeline.llen(queue)
            pipeline.lindex(queue, -1)  # kombu puts in on the left and takes from the right
        answers = pipeline.execute()
    return {
        queue: Line(count, _age_s(message, now))
        for queue, count, message in zip(Queues.ALL, answers[::2], answers[1::2], strict=True)
    }


def _age_s(message: str | None, now: float) -> float:
    """Of the first record that the message's arguments name; a message itself has no time."""
    with suppress(ValueError, KeyError, TypeError):
        if message and (found := _ID.search(json.loads(message)["headers"]["argsrepr"])):
            made = made_at(found[0])
            return 0.0 if made is None else max(0.0, now - made)
    return 0.0
