"""Pairs are cut into shards: those that share photographs land together, so that each is embedded seldom."""

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

#: Photographs of a shard: at most, so that one takes seconds and not minutes, and at least, so that fetching pays.
MOST_PHOTOGRAPHS, FEWEST_PHOTOGRAPHS = 32, 8
#: A batch is cut into about so many shards, as far as those bounds allow: so that many workers may take part.
AIMED_AT = 16
#: Of sealed photographs in one worker's memory for one shard; one that is larger by itself is let through.
MOST_BYTES = 32 * 2**20
#: Rows that are written in one step.
MOST_PAIRS = 1000


@dataclass(slots=True)
class Cut:
    """One shard: photographs and pairs by their numbers, in the order in which they were taken."""

    photographs: list[int] = field(default_factory=list)
    pairs: list[int] = field(default_factory=list)


def cut(pairs: Sequence[tuple[int, int]], sizes: Sequence[int], *, most_photographs: int | None = None) -> list[Cut]:
    """Shards that have every pair once. `pairs` are (reference, probe), places in `sizes`, which are bytes.

    A shard grows by the photograph that completes most of the pairs that are left, so that one reference stays with
    its probes, and of a grid of references and probes each shard is a tile. Of equals the earliest one is taken.

    >>> [shard.pairs for shard in cut([(0, 1), (2, 3), (0, 4), (3, 2)], [1] * 5, most_photographs=3)]
    [[0, 2], [1, 3]]
    """
    most = most_photographs or min(MOST_PHOTOGRAPHS, max(FEWEST_PHOTOGRAPHS, -(-len(sizes) // AIMED_AT)))
    left = _Left(pairs)
    shards = []
    while left.first() is not None:
        shards.append(_grown(left, sizes, most))
    return shards


def _grown(left: "_Left", sizes: Sequence[int], most: int) -> Cut:
    shard, taken, in_bytes = Cut(), set[int](), 0
    gains: dict[int, int] = defaultdict(int)
    heap: list[tuple[int, int, int]] = []
    order = count()
    while upcoming := _next(left, heap, gains, taken):
        grown_bytes = in_bytes + sum(sizes[photograph] for photograph in upcoming)
        is_full = len(taken) + len(upcoming) > most or grown_bytes > MOST_BYTES or len(shard.pairs) >= MOST_PAIRS
        if shard.pairs and is_full:
            break
        in_bytes = grown_bytes
        for photograph in upcoming:
            taken.add(photograph)
            shard.photographs.append(photograph)
            for number, other in left.of(photograph):
                if other not in taken:
                    gains[other] += 1
                    heapq.heappush(heap, (-gains[other], next(order), other))
                elif len(shard.pairs) < MOST_PAIRS:
                    shard.pairs.append(number)
                    left.take(number)
    shard.pairs.sort()
    return shard


def _next(left: "_Left", heap: list[tuple[int, int, int]], gains: dict[int, int], taken: set[int]) -> tuple[int, ...]:
    """The photograph that completes most pairs, or both of a pair that shares none; none where no pair is left."""
    while heap:
        gain, _, photograph = heapq.heappop(heap)
        if photograph not in taken and gains[photograph] == -gain:  # else an entry from before it gained more
            return (photograph,)
    first = left.first()
    return () if first is None else tuple(p for p in dict.fromkeys(left.photographs(first)) if p not in taken)


class _Left:
    """The pairs that no shard has yet."""

    def __init__(self, pairs: Sequence[tuple[int, int]]) -> None:
        self._pairs = pairs
        self._of: dict[int, dict[int, int]] = defaultdict(dict)
        for number, (reference, probe) in enumerate(pairs):
            self._of[reference][number] = probe
            self._of[probe][number] = reference
        self._numbers = dict.fromkeys(range(len(pairs)))

    def first(self) -> int | None:
        """The earliest one."""
        return next(iter(self._numbers), None)

    def of(self, photograph: int) -> list[tuple[int, int]]:
        """Those with this photograph, as (pair, the other photograph)."""
        return list(self._of[photograph].items())

    def photographs(self, pair: int) -> tuple[int, int]:
        """Reference and probe."""
        return self._pairs[pair]

    def take(self, pair: int) -> None:
        """It is in a shard now."""
        del self._numbers[pair]
        for photograph in self._pairs[pair]:
            self._of[photograph].pop(pair, None)
