"""Operating points: a decision threshold and everything it costs."""

from dataclasses import dataclass
from math import ceil, log, log1p

import numpy as np

from evaluator.metrics.curve import error_curve
from evaluator.metrics.dependence import Worth, Worths
from evaluator.metrics.rates import InsufficientData, Rate, fmr, fnmr, rate_among, upper_limit, zero_error_bound
from evaluator.metrics.scores import ScoreSet


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The error rates at one decision threshold, without and with failures to acquire."""

    threshold: float
    #: False matches among completed non-mated comparisons.
    fmr: Rate | InsufficientData
    #: False non-matches among completed mated comparisons.
    fnmr: Rate | InsufficientData
    #: False matches among all non-mated pairs: FMR (1 - FTA).
    far: Rate | InsufficientData
    #: False non-matches and failures to acquire among all mated pairs: FTA + FNMR (1 - FTA).
    frr: Rate | InsufficientData
    #: Whether FMR and FNMR both rest on 30 errors or more (rule of 30).
    well_supported: bool


def operating_point(
    scores: ScoreSet,
    threshold: float,
    *,
    confidence: float = 0.95,
) -> OperatingPoint:
    """The rates at a given threshold. Raise ValueError for a NaN or infinite threshold.

    FAR and FRR are those of a transaction of one attempt in which a pair that cannot be acquired is
    not accepted. FTA is counted on pairs, mated ones for FRR and non-mated ones for FAR, so both
    are plain counts.

    Source: ISO/IEC 19795-1; the same formula as bob.bio.base.

    >>> pairs = ScoreSet(
    ...     score=np.array([0.9, 0.2, np.nan, 0.6, 0.1]),
    ...     mated=np.array([True, True, True, False, False]),
    ...     acquired=np.array([True, True, False, True, True]),
    ... )
    >>> point = operating_point(pairs, 0.5)
    >>> point.fnmr.value, round(point.frr.value, 3), point.fmr.value  # 1/2; 2/3 = 1/3 + 1/2 * 2/3
    (0.5, 0.667, 0.5)
    """
    false_match = fmr(scores.non_mated_scores, threshold, confidence=confidence)
    false_non_match = fnmr(scores.mated_scores, threshold, confidence=confidence)
    wrong, mated = ~scores.correct(threshold), scores.mated
    far = rate_among(~mated, wrong, confidence=confidence, of="non-mated pairs")
    frr = rate_among(mated, wrong, confidence=confidence, of="mated pairs")
    return OperatingPoint(
        float(threshold),
        false_match,
        false_non_match,
        far,
        frr,
        all(isinstance(r, Rate) and r.well_supported for r in (false_match, false_non_match)),
    )


def fnmr_at_fmr(
    scores: ScoreSet,
    target: float,
    *,
    worths: Worths | None = None,
    confidence: float = 0.95,
) -> OperatingPoint | InsufficientData:
    """FNMR at *observed* FMR at most `target` (0 < target < 1), never at the nearest FMR.

    What these pairs show, no promise: the true FMR at such a threshold is above the target in about every other
    run. A promise is `fmr_kept`.

    The threshold is the smallest of `candidate_thresholds` (all observed scores, and one step above
    the largest) whose observed FMR is at most `target`. It has the lowest FNMR that any threshold
    under that limit has. Insufficient data when there are so few non-mated trials that even no
    error among them would not show, with one-sided `confidence`, an FMR of at most `target`: 1e-3
    needs 2995 at 95 %, 1e-4 needs 29956. With `worths`, as `worths` has them, counted are the
    independent trials that these are worth, people recurring in them. Passing this rule is
    necessary, not sufficient: read the FMR's `upper`, which is that same limit, and `well_supported`.

    Raise ValueError for a target outside (0, 1).

    Of 14 non-mated scores, 2 may reach the threshold (2/14 <= 0.2 < 3/14), so it is 12; one mated
    score is less.

    >>> point = fnmr_at_fmr(ScoreSet.of([11, 15, 20, 21], range(14)), 0.2)
    >>> point.threshold, point.fmr.errors, point.fnmr.errors
    (12.0, 2, 1)
    """
    non_mated_trials = scores.non_mated_scores.size
    worth = worths.non_mated if worths else None
    if refusal := _unsupported("FMR", "non-mated", non_mated_trials, target, confidence, worth):
        return refusal
    curve = error_curve(scores.mated_scores, scores.non_mated_scores)
    if isinstance(curve, InsufficientData):
        return curve
    first = int(np.argmax(curve.fmr <= target))
    return operating_point(scores, float(curve.thresholds[first]), confidence=confidence)


def fmr_kept(
    scores: ScoreSet,
    target: float,
    *,
    confidence: float = 0.95,
) -> OperatingPoint | InsufficientData:
    """The point whose true FMR is at most `target` (0 < target < 1), with one-sided `confidence`: what may be promised.

    Let k be the largest number of false matches whose `upper_limit` is at most the target, 0 of 3000 for 1e-3 and 20
    for 1e-2. The threshold is the next float above the (k + 1)-th largest non-mated score, so at most k reach it; mated
    scores have no say. k depends on how many trials there are alone, so the threshold is an order statistic, and its
    true FMR exceeds the target with probability P(Bin(trials, target) <= k), at most 1 - confidence, whatever the
    scores' distribution. Where people recur it is exceeded more often: read `rate_over_people` beside it. Insufficient
    data by the rule of `fnmr_at_fmr`, pairs counted. The FNMR is a count on the mated trials, if there are any. Raise
    ValueError for a target outside (0, 1).

    Source: order statistics as tolerance limits, Wilks, Annals of Mathematical Statistics 12 (1941).

    Of 100 scores, 4 may reach a threshold that keeps an FMR of 0.1 (the limit of 4 is 0.0892, of 5 it is 0.1023):

    >>> point = fmr_kept(ScoreSet.of([95.5, 120.0], range(100)), 0.1)
    >>> point.threshold, point.fmr.errors, point.fnmr.errors
    (95.00000000000001, 4, 0)
    """
    non_mated = np.sort(scores.non_mated_scores)
    if refusal := _unsupported("FMR", "non-mated", non_mated.size, target, confidence):
        return refusal
    possible = np.arange(1, ceil(target * non_mated.size) + 1)
    allowed = int(np.count_nonzero(upper_limit(possible, non_mated.size, confidence) <= target))
    threshold = np.nextafter(non_mated[-1 - allowed], np.inf)
    return operating_point(scores, float(threshold), confidence=confidence)


def fmr_at_fnmr(
    scores: ScoreSet,
    target: float,
    *,
    worths: Worths | None = None,
    confidence: float = 0.95,
) -> OperatingPoint | InsufficientData:
    """FMR at observed FNMR at most `target` (0 < target < 1): the mirror of `fnmr_at_fmr`.

    The threshold is the largest of `candidate_thresholds` whose observed FNMR is at most `target`;
    insufficient data by the same rule, on the mated trials. Raise ValueError for a target outside
    (0, 1).

    Of 14 mated scores, 2 may fall below the threshold, so it is the third smallest:

    >>> point = fmr_at_fnmr(ScoreSet.of(range(14), [-3, -2, 1, 5]), 0.2)
    >>> point.threshold, point.fnmr.errors, point.fmr.errors
    (2.0, 2, 1)
    """
    worth = worths.mated if worths else None
    if refusal := _unsupported("FNMR", "mated", scores.mated_scores.size, target, confidence, worth):
        return refusal
    curve = error_curve(scores.mated_scores, scores.non_mated_scores)
    if isinstance(curve, InsufficientData):
        return curve
    last = int(np.flatnonzero(curve.fnmr <= target)[-1])
    return operating_point(scores, float(curve.thresholds[last]), confidence=confidence)


def trials_needed(target: float, *, confidence: float = 0.95) -> int:
    """Fewest trials in which no error at all would show, one-sided, a rate of at most `target`.

    >>> trials_needed(1e-3), trials_needed(1e-4)
    (2995, 29956)
    """
    if not 0.0 < target < 1.0:
        raise ValueError(f"a target rate must be between 0 and 1, not {target}")
    return ceil(log(1.0 - confidence) / log1p(-target))


def _unsupported(
    name: str,
    kind: str,
    trials: int,
    target: float,
    confidence: float,
    worth: Worth | InsufficientData | None = None,
) -> InsufficientData | None:
    needed = trials_needed(target, confidence=confidence)
    if trials == 0:
        return InsufficientData(f"there are no {kind} trials")
    independent = worth.independent if isinstance(worth, Worth) else trials
    if independent >= needed:
        return None
    bound = zero_error_bound(independent, confidence=confidence)
    are = f"there are {trials}"
    if independent < trials:
        are += f", of people who recur, worth {independent} independent ones"
    return InsufficientData(
        f"{name} at most {target:g} needs at least {needed} {kind} trials, {are}: "
        f"even without an error they show only {name} < {bound:.3g} (one-sided {confidence:.0%})"
    )
