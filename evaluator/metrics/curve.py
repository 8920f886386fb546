"""The error curve: both error counts at every threshold that can change a decision.

ROC and DET are two views of it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluator.metrics.rates import (
    InsufficientData,
    clopper_pearson,
    count_at_or_above,
    count_below,
)
from evaluator.metrics.scores import Counts, Scores, as_scores


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """Clopper-Pearson bands of an `ErrorCurve`, each of shape (k,); pointwise, not simultaneous."""

    fmr_low: Scores
    fmr_high: Scores
    fnmr_low: Scores
    fnmr_high: Scores


@dataclass(frozen=True, slots=True, eq=False)
class ErrorCurve:
    """Error counts by threshold; the arrays have shape (k,), thresholds ascending.

    FMR falls from 1 to 0 and FNMR rises from 0 to 1 along it. The DET curve is (fmr, fnmr), the ROC
    curve (fmr, 1 - fnmr); both are step curves, and equal scores make one step together.

    Source: Martin et al., The DET curve in assessment of detection task performance (1997).
    """

    #: Shape (k,), ascending.
    thresholds: Scores
    #: At or above each threshold, shape (k,), non-increasing.
    false_matches: Counts
    #: Below each threshold, shape (k,), non-decreasing.
    false_non_matches: Counts
    mated_trials: int
    non_mated_trials: int

    @property
    def fmr(self) -> Scores:
        """False match rate at each threshold, non-increasing, shape (k,)."""
        return self.false_matches / self.non_mated_trials

    @property
    def fnmr(self) -> Scores:
        """False non-match rate at each threshold, non-decreasing, shape (k,)."""
        return self.false_non_matches / self.mated_trials

    def bands(self, confidence: float = 0.95) -> Bands:
        """Clopper-Pearson interval of both rates at each threshold taken by itself."""
        fmr = clopper_pearson(self.false_matches, self.non_mated_trials, confidence)
        fnmr = clopper_pearson(self.false_non_matches, self.mated_trials, confidence)
        return Bands(*fmr, *fnmr)

    def corners(self) -> "ErrorCurve":
        """The same polygon without the points inside straight runs: what a plot or a file needs."""
        kept = np.diff(self.false_matches, 2) | np.diff(self.false_non_matches, 2)
        keep = np.concatenate([[True], kept != 0, [True]])
        return ErrorCurve(
            self.thresholds[keep],
            self.false_matches[keep],
            self.false_non_matches[keep],
            self.mated_trials,
            self.non_mated_trials,
        )


def candidate_thresholds(mated: Scores, non_mated: Scores) -> Scores:
    """Every distinct observed score and the next float above the largest; ascending, shape (k,).

    Any other threshold decides like one of these. Raise ValueError when there is no score at all.

    >>> candidate_thresholds(np.array([2.0, 1.0]), np.array([1.0]))[:2]
    array([1., 2.])
    """
    distinct = np.unique(np.concatenate([mated, non_mated]))
    if distinct.size == 0:
        raise ValueError("there are no scores to take thresholds from")
    return np.append(distinct, np.nextafter(distinct[-1], np.inf))


def error_curve(mated: npt.ArrayLike, non_mated: npt.ArrayLike) -> ErrorCurve | InsufficientData:
    """Error counts at all `candidate_thresholds`. O(n log n).

    Raise ValueError for a NaN or infinite score.

    >>> curve = error_curve([0.5, 0.9], [0.1, 0.5])
    >>> curve.fmr, curve.fnmr
    (array([1. , 0.5, 0. , 0. ]), array([0. , 0. , 0.5, 1. ]))
    """
    mated, non_mated = as_scores(mated, "mated scores"), as_scores(non_mated, "non-mated scores")
    if missing := lacking(mated, non_mated):
        return missing
    thresholds = candidate_thresholds(mated, non_mated)
    return ErrorCurve(
        thresholds,
        count_at_or_above(non_mated, thresholds),
        count_below(mated, thresholds),
        mated.size,
        non_mated.size,
    )


def lacking(mated: Scores, non_mated: Scores) -> InsufficientData | None:
    """Why a metric that needs both kinds of trials cannot be given, or None when it can."""
    if mated.size == 0:
        return InsufficientData("there are no mated trials")
    if non_mated.size == 0:
        return InsufficientData("there are no non-mated trials")
    return None
