"""Two runs at one FMR: which misses more mated pairs where both let as many non-mated ones through?

A pair that was not acquired is a non-match, so an error exactly when it is mated.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from evaluator.metrics.rates import count_at_or_above
from evaluator.metrics.scores import Booleans, Scores, ScoreSet, count

#: What is given away for not knowing which threshold of the second run has the FMR of the first.
UNKNOWN_THRESHOLD = 0.001


@dataclass(frozen=True, slots=True)
class SameFmr:
    """Two runs at one FMR: which misses more mated pairs there, and how surprising that is."""

    #: Of either run, the smallest with at most so many false matches.
    first_threshold: float
    second_threshold: float
    #: Mated pairs that only the first run matches there.
    only_first_correct: int
    #: Mated pairs that only the second matches.
    only_second_correct: int
    #: With up to so many false matches, the second run's FMR cannot be told from the first one's.
    most_false_matches: int
    #: Two-sided; it allows for not knowing the threshold.
    p_value: float


def threshold_for_false_matches(scores: ScoreSet, allowed: int) -> float:
    """The smallest threshold at which at most `allowed` non-mated pairs match.

    Where the list is the same, that is the threshold that gives one run the false matches of another. Equal scores are
    decided together, so there may be fewer. Raise ValueError without a completed comparison.

    >>> threshold_for_false_matches(ScoreSet.of([90.0], [10, 20, 30, 40]), 1)
    30.000000000000004
    """
    if not scores.acquired.any():
        raise ValueError("no pair was compared")
    non_mated = np.sort(scores.non_mated_scores)[::-1]
    if non_mated.size <= allowed:
        return float(scores.score[scores.acquired].min())
    return float(np.nextafter(non_mated[allowed], np.inf))


def false_matches_allowed(target: float, non_mated: npt.ArrayLike) -> Scores:
    """The largest whole numbers whose share of so many non-mated pairs is at most `target`, of the same shape.

    >>> false_matches_allowed(0.29, [100, 99]).tolist()
    [29.0, 28.0]
    """
    most = target * np.asarray(non_mated, np.float64)
    nearest: Scores = np.rint(most)  # 0.29 * 100 is a little less than 29
    return nearest - (nearest > most * (1 + 1e-12))


def same_fmr(first: ScoreSet, second: ScoreSet, allowed: int) -> SameFmr:
    """Hold two runs against each other where `allowed` non-mated pairs match in both, or fewer where scores are equal.

    The rows of both are the same pairs. Which thresholds have the same FMR in truth is an estimate, often from a
    handful of false matches: taken for the truth, McNemar's test finds a difference where there is none in every other
    comparison that rests on one to three. So the run that misses more mated pairs must do so at the smallest threshold
    at which McNemar's test on the non-mated pairs, at `UNKNOWN_THRESHOLD`, cannot tell its FMR from that of the other,
    which stays where it is. The p-value is that of McNemar's test on the mated pairs there, plus `UNKNOWN_THRESHOLD`,
    and 1 where neither run does. Raise ValueError where either kind of pair is missing, or every comparison.

    Source: a p-value maximised over a confidence set, Berger and Boos, JASA 89 (1994).

    Each has one false match, and at that point the second run alone misses all ten mated pairs. But it could have 11
    false matches without being told from the first, and with those it misses none:

    >>> first = ScoreSet.of([40] * 10, [40, *range(30)])
    >>> second = ScoreSet.of([20] * 10, [40, *range(30)])
    >>> found = same_fmr(first, second, 1)
    >>> found.only_first_correct, found.only_second_correct, found.most_false_matches, found.p_value
    (10, 0, 11, 1.0)
    """
    if first.mated.all() or not first.mated.any():
        raise ValueError("there must be mated and non-mated pairs")
    at = [threshold_for_false_matches(run, allowed) for run in (first, second)]
    of_first, of_second = first.correct(at[0]), second.correct(at[1])
    loosest, p_second = _misses_more(of_first, second)
    _, p_first = _misses_more(of_second, first)
    return SameFmr(
        first_threshold=at[0],
        second_threshold=at[1],
        only_first_correct=count(first.mated & of_first & ~of_second),
        only_second_correct=count(first.mated & ~of_first & of_second),
        most_false_matches=count(~second.mated & ~second.correct(loosest)),
        p_value=min(1.0, min(p_first, p_second) + UNKNOWN_THRESHOLD),
    )


def _misses_more(right: Booleans, run: ScoreSet) -> tuple[float, float]:
    """The smallest threshold of a run at which its FMR cannot be told from that of another; the p-value of missing more
    mated pairs there, 1 where it does not.

    `right` says which pairs the other decides rightly, and stays as it is.
    """
    thresholds = np.append(run.score[run.acquired].min(), np.nextafter(np.unique(run.non_mated_scores), np.inf))
    false_of_right = count_at_or_above(run.score[run.acquired & ~run.mated & right], thresholds)
    false_of_wrong = count_at_or_above(run.score[run.acquired & ~run.mated & ~right], thresholds)
    alike = _two_sided(false_of_right, count(~run.mated & ~right) - false_of_wrong) >= UNKNOWN_THRESHOLD
    loosest = float(thresholds[np.argmax(alike)])
    correct = run.correct(loosest)
    missed, gained = count(run.mated & right & ~correct), count(run.mated & ~right & correct)
    return loosest, float(_two_sided(missed, gained)) if missed > gained else 1.0


def _two_sided(only_first: npt.ArrayLike, only_second: npt.ArrayLike) -> Scores:
    """McNemar's exact p-value for each two counts: a fair coin is symmetric, so twice its smaller tail."""
    b, c = np.asarray(only_first), np.asarray(only_second)
    p: Scores = np.minimum(1.0, 2 * scipy.special.bdtr(np.minimum(b, c), b + c, 0.5))
    return p
