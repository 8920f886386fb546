"""Error rates by group at one decision threshold: does it cost everyone the same?"""

from dataclasses import dataclass

import numpy as np

from evaluator.metrics.rates import InsufficientData, Rate, fmr, fnmr, rate_among
from evaluator.metrics.scores import ScoreSet

#: Below this, even no error shows only a rate below 1 % (rule of 3).
MIN_GROUP_TRIALS = 300


@dataclass(frozen=True, slots=True)
class GroupRates:
    """The rates of one group."""

    fmr: Rate | InsufficientData
    fnmr: Rate | InsufficientData
    #: Pairs of the group that were not acquired.
    fta: Rate | InsufficientData
    #: Fewer than are needed to hold its FNMR against another group's.
    few_mated_trials: bool
    #: Likewise for its FMR.
    few_non_mated_trials: bool


def by_group(
    scores: ScoreSet,
    threshold: float,
    *,
    min_trials: int = MIN_GROUP_TRIALS,
    confidence: float = 0.95,
) -> dict[str, GroupRates] | InsufficientData:
    """FMR, FNMR and FTA of every group, in the order of the labels, all at one threshold.

    Raise ValueError for a NaN or infinite threshold.

    Source: ISO/IEC 19795-10 (differential performance); NIST FRTE Part 3.

    >>> pairs = ScoreSet(
    ...     score=np.array([0.9, 0.4, 0.7]),
    ...     mated=np.array([True, True, False]),
    ...     acquired=np.array([True, True, True]),
    ...     group=np.array(["a", "b", "b"]),
    ... )
    >>> groups = by_group(pairs, 0.5, min_trials=1)
    >>> groups["b"].fmr.value, groups["b"].fnmr.value, groups["a"].fmr
    (1.0, 1.0, InsufficientData(reason='there are no non-mated trials'))
    """
    if scores.group is None:
        return InsufficientData("the pairs have no groups")
    rates = {}
    for label in np.unique(scores.group):
        pairs = scores.group == label
        mated = scores.score[pairs & scores.mated & scores.acquired]
        non_mated = scores.score[pairs & ~scores.mated & scores.acquired]
        rates[str(label)] = GroupRates(
            fmr(non_mated, threshold, confidence=confidence),
            fnmr(mated, threshold, confidence=confidence),
            rate_among(pairs, ~scores.acquired, confidence=confidence),
            few_mated_trials=mated.size < min_trials,
            few_non_mated_trials=non_mated.size < min_trials,
        )
    return rates
