"""Comparison scores in buckets: those of live comparisons and those of a calibration's run, cut at the same places."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from itertools import accumulate

#: A twentieth apart: what can't be told from the left end of it is not drift that a threshold would feel.
BOUNDS = tuple(n / 20 for n in range(-4, 20))


def shares(scores: Iterable[float]) -> Mapping[str, float]:
    """The share of the scores, 0 to 1, that is at most each bound, by the bound as Prometheus writes it (`le`).

    Empty where there are no scores.

    >>> shares([0.1, 0.3])["0.25"]
    0.5
    """
    counts = [0] * (len(BOUNDS) + 1)
    for score in scores:
        counts[bisect_left(BOUNDS, score)] += 1
    total = sum(counts)
    if not total:
        return {}
    return {repr(bound): count / total for bound, count in zip(BOUNDS, accumulate(counts[:-1]), strict=True)}
