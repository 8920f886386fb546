"""Many things in few calls: so many at a time as one round trip to a server carries well."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

PORTION = 500


def portions(things: Sequence[T]) -> Iterator[Sequence[T]]:
    """All of them in their order, PORTION at a time.

    >>> [len(portion) for portion in portions(range(1200))]
    [500, 500, 200]
    """
    return (things[first : first + PORTION] for first in range(0, len(things), PORTION))
