"""How far the mated and the non-mated scores lie apart, as one number: EER, AUC, d-prime."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluator.metrics.curve import error_curve, lacking
from evaluator.metrics.rates import InsufficientData, Rate, rate
from evaluator.metrics.scores import as_scores


@dataclass(frozen=True, slots=True)
class EqualErrorRate:
    """Where FMR and FNMR meet."""

    #: FMR = FNMR on the polygon through the points of the DET curve.
    value: float
    #: The one nearest to it, of those that exist; the two rates are those at it.
    threshold: float
    fmr: Rate
    fnmr: Rate


def eer(
    mated: npt.ArrayLike, non_mated: npt.ArrayLike, *, confidence: float = 0.95
) -> EqualErrorRate | InsufficientData:
    """Equal error rate.

    Along the error curve let t1 be the last threshold with FNMR <= FMR and t2 the first with FNMR
    >= FMR; they are the same or neighbours. `value` is where the straight line between their (FMR,
    FNMR) meets FMR = FNMR. `threshold` is the one of t1 and t2 with the smaller FMR + FNMR, then
    the smaller difference, then t1; its two rates are the interval [EERlow, EERhigh] of FVC2000,
    and `value` lies within it.

    Raise ValueError for a NaN or infinite score.

    Source: Maio et al., FVC2000, IEEE PAMI 24 (2002), for the interval.

    At t1 = 0.4, FMR is 1/2 and FNMR 1/3; at t2 = 0.6, 1/2 and 2/3. The line is FMR = 1/2:

    >>> e = eer([0.3, 0.4, 0.9], [0.2, 0.6])
    >>> e.value, e.threshold, e.fmr.value, round(e.fnmr.value, 3)
    (0.5, 0.4, 0.5, 0.333)
    """
    curve = error_curve(mated, non_mated)
    if isinstance(curve, InsufficientData):
        return curve
    # both rates scaled to integers, so that equality is exact; their gap falls strictly
    fm = curve.false_matches * curve.mated_trials
    fnm = curve.false_non_matches * curve.non_mated_trials
    gap = fm - fnm
    first = int(np.flatnonzero(gap >= 0)[-1])
    second = int(np.flatnonzero(gap <= 0)[0])
    weight = gap[first] / (gap[first] - gap[second]) if first != second else 0.0
    value = curve.fmr[first] + weight * (curve.fmr[second] - curve.fmr[first])

    at = min((first, second), key=lambda i: (fm[i] + fnm[i], abs(gap[i]), i))
    fmr = rate(int(curve.false_matches[at]), curve.non_mated_trials, confidence=confidence)
    fnmr = rate(int(curve.false_non_matches[at]), curve.mated_trials, confidence=confidence)
    assert isinstance(fmr, Rate)
    assert isinstance(fnmr, Rate)
    return EqualErrorRate(float(value), float(curve.thresholds[at]), fmr, fnmr)


def auc(mated: npt.ArrayLike, non_mated: npt.ArrayLike) -> float | InsufficientData:
    """Area under the ROC curve: how often a mated score exceeds a non-mated one, a tie being half.

    Counted exactly in integers. Raise ValueError for a NaN or infinite score.

    Source: Mann and Whitney (1947); Hanley and McNeil, Radiology 143 (1982).

    Of the four pairs of scores, three are in order and one is a tie: (3 + 1/2) / 4.

    >>> auc([0.5, 0.9], [0.1, 0.5])
    0.875
    """
    mated, non_mated = as_scores(mated, "mated scores"), as_scores(non_mated, "non-mated scores")
    if missing := lacking(mated, non_mated):
        return missing
    ordered = np.sort(non_mated)
    below = np.searchsorted(ordered, mated, side="left").sum(dtype=np.int64)
    not_above = np.searchsorted(ordered, mated, side="right").sum(dtype=np.int64)
    return int(below + not_above) / (2 * mated.size * non_mated.size)


def d_prime(mated: npt.ArrayLike, non_mated: npt.ArrayLike) -> float | InsufficientData:
    """Difference of the means in units of the root mean square of the two standard deviations.

    Sample variances (ddof=1). Signed: negative when non-mated scores are the larger ones. Assumes
    nothing about the tails, which is where thresholds are: two systems of equal d-prime may differ
    at low FMR. Raise ValueError for a NaN or infinite score.

    Source: the decidability index of Daugman, IEEE PAMI 15 (1993).

    Means 4 and 1, variances 2 and 2:

    >>> d_prime([3, 5], [0, 2]) == 3 / 2**0.5
    True
    """
    mated, non_mated = as_scores(mated, "mated scores"), as_scores(non_mated, "non-mated scores")
    if mated.size < 2 or non_mated.size < 2:
        return InsufficientData("a variance needs at least 2 trials of each kind")
    if np.ptp(mated) == 0.0 and np.ptp(non_mated) == 0.0:
        return InsufficientData("the scores of both kinds of trials do not vary")
    spread = np.sqrt((np.var(mated, ddof=1) + np.var(non_mated, ddof=1)) / 2.0)
    return float((np.mean(mated) - np.mean(non_mated)) / spread)
