"""How the scores of a run are spread, in a few counts: to draw them, however many they are."""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from core.evaluations.run_scores import RunScores, Scores

#: A fiftieth apart, from -1 to 1: finer than a page 390 pixels wide can show apart.
EDGES = tuple(n / 50 for n in range(-50, 51))


@dataclass(frozen=True, slots=True)
class Distribution:
    """Of the completed comparisons of a run, how many scored within each bin.

    Bin i is from `edges[i]` up to, and not with, `edges[i + 1]`; the last has both. What rounding has put beyond -1 or
    1 is in the outermost.
    """

    edges: tuple[float, ...]
    non_mated: tuple[int, ...]
    mated: tuple[int, ...]

    @classmethod
    def of(cls, scores: RunScores) -> Self:
        """Count them; it takes no longer for more."""
        return cls(EDGES, _counts(scores.non_mated), _counts(scores.mated))


def _counts(scores: Scores) -> tuple[int, ...]:
    """How many of the scores, which ascend, lie in each bin.

    >>> from array import array
    >>> counts = _counts(array("d", [-1.0, 0.019, 0.02, 1.0]))
    >>> counts[0], counts[50], counts[51], counts[99]
    (1, 1, 1, 1)
    """
    below = [0, *(bisect_left(scores, edge) for edge in EDGES[1:-1]), len(scores)]
    return tuple(after - before for before, after in pairwise(below))
