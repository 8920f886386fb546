"""What waits in the queues of the broker, and for how long."""

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from core.errors import BrokerUnavailable
from core.messaging.broker import BROKER_DATABASE, Queues
from core.messaging.place import PRIORITIES, list_of
from core.settings.groups import RedisSettings
from core.storage.connection import connect, translated
from core.storage.lifecycle import ID, made_at

_ID = re.compile(ID)


@dataclass(frozen=True, slots=True)
class Line:
    """The messages of one queue that no worker has taken."""

    messages: int
    #: Seconds since what it is about was made, of the next message of each priority the oldest; 0 where there is none.
    #: None where the broker does not say.
    oldest_s: float | None


def lines(server: RedisSettings) -> Mapping[str, Line]:
    """Every queue, in one round trip. Raise BrokerUnavailable."""
    now = time.time()
    with translated(BrokerUnavailable):
        pipeline = connect(server, BROKER_DATABASE).pipeline(transaction=False)
        for queue in Queues.ALL:
            for waiting in (list_of(queue, priority) for priority in PRIORITIES):
                pipeline.llen(waiting)
                pipeline.lindex(waiting, -1)  # kombu puts in on the left and takes from the right
        answers = iter(pipeline.execute())
    found = {queue: [(next(answers), next(answers)) for _ in PRIORITIES] for queue in Queues.ALL}
    return {
        queue: Line(sum(count for count, _ in of), max(_age_s(message, now) for _, message in of))
        for queue, of in found.items()
    }


def _age_s(message: str | None, now: float) -> float:
    """Of the first record that the message's arguments name; a message itself has no time."""
    with suppress(ValueError, KeyError, TypeError):
        if message and (found := _ID.search(json.loads(message)["headers"]["argsrepr"])):
            made = made_at(found[0])
            return 0.0 if made is None else max(0.0, now - made)
    return 0.0
