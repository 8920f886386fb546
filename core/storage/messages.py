"""A message that is enqueued in the very step that records what it is about."""

from dataclasses import dataclass

#: Where the broker's queues lie, on the same server as the records.
DATABASE = 0


@dataclass(frozen=True, slots=True)
class Message:
    """What workers take from a queue, a list of that name."""

    queue: str
    text: str
