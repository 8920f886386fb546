"""Two runs on the same pairs: is one better, or only luckier?"""

from dataclasses import dataclass

from scipy.stats import binomtest

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
    p = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    return McNemar(only_a, only_b, a.size, float(p))
