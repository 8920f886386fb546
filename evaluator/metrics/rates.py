"""Error rates: what was counted, out of how many, and how certain that makes the figure."""

from dataclasses import dataclass
from math import expm1, log

import numpy as np
import numpy.typing as npt
import scipy

from evaluator.metrics.scores import Booleans, Counts, Scores, as_scores, as_thresholds, count

#: Errors needed to say with 90 % confidence that the true rate is within 30 % of the observed. Source: Doddington et
#: al., Speech Communication 31 (2000); Mansfield and Wayman, NPL CMSC 14/02 (2002).
RULE_OF_30 = 30


@dataclass(frozen=True, slots=True)
class InsufficientData:
    """A figure that cannot be given, and why: neither 0, nor NaN, nor an exception."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rate:
    """Errors out of trials, with the interval of the true rate."""

    errors: int
    trials: int
    #: errors / trials, 0 to 1.
    value: float
    #: Lower end of the two-sided Clopper-Pearson interval.
    low: float
    #: Its upper end.
    high: float
    #: The one-sided Clopper-Pearson limit: with this confidence the true rate is at most that. By it a target is
    #: refused or promised; it lies below `high`, which leaves room on both sides.
    upper: float
    #: Of the interval, and of the limit.
    confidence: float = 0.95

    @property
    def well_supported(self) -> bool:
        """Whether the rate rests on at least `RULE_OF_30` errors."""
        return self.errors >= RULE_OF_30


def clopper_pearson(
    errors: npt.ArrayLike,
    trials: int,
    confidence: float = 0.95,
) -> tuple[Scores, Scores]:
    """Exact binomial interval (low, high) for each count in `errors`; both have its shape.

    Assumes independent trials. Pairs that share an image or a subject are not independent, so the
    interval of a benchmark is a little too narrow. Raise ValueError for a count outside 0..trials,
    for no trials, and for a confidence outside (0, 1).

    Source: Clopper and Pearson, Biometrika 26 (1934).

    No error in 10 trials: low is 0 and high solves (1 - p)**10 = 0.025, so p = 1 - 0.025**0.1.

    >>> low, high = clopper_pearson([0], 10)
    >>> float(low[0]), round(float(high[0]), 12) == round(1 - 0.025**0.1, 12)
    (0.0, True)
    """
    k = _counts(errors, trials, confidence)
    tail = (1.0 - confidence) / 2.0
    low = np.where(k == 0, 0.0, scipy.special.betaincinv(np.maximum(k, 1), trials - k + 1, tail))
    high = np.where(k == trials, 1.0, scipy.special.betaincinv(k + 1, np.maximum(trials - k, 1), 1.0 - tail))
    return low, high


def upper_limit(errors: npt.ArrayLike, trials: int, confidence: float = 0.95) -> Scores:
    """One-sided Clopper-Pearson limit for each count in `errors`, of its shape: the true rate is at most that.

    It is the upper end of the two-sided interval at 2 * confidence - 1, and for no error `zero_error_bound`.
    Raise ValueError as `clopper_pearson` does.

    Source: Clopper and Pearson, Biometrika 26 (1934).

    >>> upper_limit([0, 20], 3000).round(6).tolist()
    [0.000998, 0.009673]
    """
    k = _counts(errors, trials, confidence)
    return np.where(k == trials, 1.0, scipy.special.betaincinv(k + 1, np.maximum(trials - k, 1), confidence))


def rate(
    errors: int,
    trials: int,
    *,
    confidence: float = 0.95,
    of: str = "trials",
) -> Rate | InsufficientData:
    """Rate of `errors` among `trials`, or the reason, naming the trials `of`, why there is none.

    >>> rate(0, 0, of="mated trials")
    InsufficientData(reason='there are no mated trials')
    >>> r = rate(3, 3000)
    >>> r.value, round(r.low, 5), round(r.high, 5), r.well_supported
    (0.001, 0.00021, 0.00292, False)
    """
    if trials == 0 and errors == 0:
        return InsufficientData(f"there are no {of}")
    low, high = clopper_pearson(errors, trials, confidence)
    upper = upper_limit(errors, trials, confidence)
    return Rate(int(errors), int(trials), errors / trials, float(low), float(high), float(upper), confidence)


def rate_among(
    trials: Booleans,
    wrong: Booleans,
    *,
    confidence: float = 0.95,
    of: str = "trials",
) -> Rate | InsufficientData:
    """Rate of `wrong` among the rows where `trials` is True; both have shape (n,).

    >>> rate_among(np.array([True, True, False]), np.array([True, False, True])).value
    0.5
    """
    return rate(count(trials & wrong), count(trials), confidence=confidence, of=of)


def fmr(
    non_mated: npt.ArrayLike,
    threshold: float,
    *,
    confidence: float = 0.95,
) -> Rate | InsufficientData:
    """False match rate: completed non-mated comparisons whose score is at or above `threshold`.

    Larger scores are more alike. Raise ValueError for a NaN or infinite score or threshold.

    Source: ISO/IEC 2382-37 and 19795-1.

    A score exactly on the threshold is a match, so two of the four are false matches:

    >>> fmr([0.1, 0.2, 0.3, 0.4], 0.3).value
    0.5
    """
    scores = as_scores(non_mated, "non-mated scores")
    errors = count(scores >= as_thresholds(threshold))
    return rate(errors, scores.size, confidence=confidence, of="non-mated trials")


def fnmr(
    mated: npt.ArrayLike,
    threshold: float,
    *,
    confidence: float = 0.95,
) -> Rate | InsufficientData:
    """False non-match rate: completed mated comparisons whose score is below `threshold`.

    Larger scores are more alike. Raise ValueError for a NaN or infinite score or threshold.

    Source: ISO/IEC 2382-37 and 19795-1.

    >>> fnmr([0.3, 0.5, 0.7, 0.9], 0.5).errors
    1
    """
    scores = as_scores(mated, "mated scores")
    errors = count(scores < as_thresholds(threshold))
    return rate(errors, scores.size, confidence=confidence, of="mated trials")


def zero_error_bound(trials: int, *, confidence: float = 0.95) -> float:
    """The rate that trials without any error leave possible.

    One-sided: 1 - (1 - confidence)**(1 / trials), about 3 / trials at 95 % (the "rule of 3").

    Source: Hanley and Lippman-Hand, JAMA 249 (1983).

    >>> round(zero_error_bound(3000), 6)
    0.000998
    """
    _check_confidence(confidence)
    if trials < 1:
        raise ValueError(f"trials must be at least 1, not {trials}")
    return -expm1(log(1.0 - confidence) / trials)


def count_at_or_above(scores: Scores, thresholds: Scores) -> Counts:
    """How many scores are at or above each threshold: the false matches, of non-mated ones."""
    return scores.size - count_below(scores, thresholds)


def count_below(scores: Scores, thresholds: Scores) -> Counts:
    """How many scores are below each threshold: the false non-matches, of mated ones."""
    return np.searchsorted(np.sort(scores), thresholds, side="left").astype(np.int64)


def _counts(errors: npt.ArrayLike, trials: int, confidence: float) -> Counts:
    k = np.asarray(errors, dtype=np.int64)
    _check_confidence(confidence)
    if trials < 1 or np.any((k < 0) | (k > trials)):
        raise ValueError(f"errors must be within 0..trials, trials at least 1, not {k} of {trials}")
    return k


def _check_confidence(confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")
