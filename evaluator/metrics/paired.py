"""Two runs on the same pairs: is one better, or only luckier?"""

from collections.abc import Sequence
from dataclasses import dataclass

import scipy

from evaluator.metrics.scores import Booleans, as_booleans, count


@dataclass(frozen=True, slots=True)
class McNemar:
    """Discordant pairs of two runs, and how surprising their imbalance is."""

    #: The count usually called b.
    only_first_correct: int
    #: The count usually called c.
    only_second_correct: int
    pairs: int
    #: Two-sided; 1 when the runs never disagree.
    p_value: float


def mcnemar(first: Booleans, second: Booleans) -> McNemar:
    """Exact McNemar test.

    Each array has shape (n,) and says of each pair whether that run decided it rightly. The caller
    aligns the rows: row i is the same pair in both. Under the null hypothesis each discordant pair
    is a fair coin, so p is the two-sided binomial test of b among b + c. Raise ValueError for
    arrays that are not boolean or differ in length.

    Source: McNemar, Psychometrika 12 (1947), in its exact binomial form.

    Five pairs where only the first run is right and none the other way: p = 2 / 2**5.

    >>> import numpy as np
    >>> mcnemar(np.array([True] * 6), np.array([True] + [False] * 5))
    McNemar(only_first_correct=5, only_second_correct=0, pairs=6, p_value=0.0625)
    """
    a, b = as_booleans(first, "first"), as_booleans(second, "second")
    if a.size != b.size:
        raise ValueError(f"the runs have {a.size} and {b.size} pairs: they must be the same pairs")
    only_a, only_b = count(a & ~b), count(~a & b)
    p = scipy.stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    return McNemar(only_a, only_b, a.size, float(p))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Each p-value, adjusted for there being so many of them (Holm): in their order, and at most 1.

    Whoever calls significant what is then below alpha is wrong about any of those without a difference in at most a
    share alpha of such comparisons, however the tests depend on each other. The smallest is multiplied by how many
    there are, the next by one less, and none comes out below a smaller one. Raise ValueError for a p-value outside
    [0, 1].

    Source: Holm, Scandinavian Journal of Statistics 6 (1979).

    Sorted, they are 3 * 0.01, 2 * 0.03 and 1 * 0.04, and the last is raised to the one before it:

    >>> [round(p, 12) for p in holm([0.04, 0.01, 0.03])]
    [0.06, 0.03, 0.06]
    """
    if wrong := [p for p in p_values if not 0.0 <= p <= 1.0]:
        raise ValueError(f"a p-value must be within 0..1, not {wrong[0]}")
    adjusted, highest = dict[int, float](), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return tuple(adjusted[place] for place in range(len(p_values)))
