"""Where a message waits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A queue, and the priority within it: 0 comes before 9."""

    queue: str
    priority: int = 0
