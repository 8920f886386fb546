"""Many things in few calls: so many at a time as one round trip to a server carries well."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

BATCH = 500


def batches(things: Sequence[T]) -> Iterator[Sequence[T]]:
    """All of them in their order, BATCH at a time.

    >>> [len(batch) for batch in batches(range(1200))]
    [500, 500, 200]
    """
    return (things[first : first + BATCH] for first in range(0, len(things), BATCH))
