"""Where a message waits."""

from dataclasses import dataclass

#: The priorities that there are; kombu keeps the messages of each in a list of its own.
PRIORITIES = (0, 3, 6, 9)


@dataclass(frozen=True, slots=True)
class Place:
    """A queue, and the priority within it: 0 comes before 9."""

    queue: str
    priority: int = 0


def list_of(queue: str, priority: int) -> str:
    """The list on Redis in which kombu keeps a queue's messages of one of the priorities."""
    return f"{queue}\x06\x16{priority}" if priority else queue
