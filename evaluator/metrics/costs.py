"""Costs that forensics and speaker recognition quote: of likelihood ratios (Cllr), and of decisions (minDCF)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

from evaluator.metrics.curve import error_curve, lacking
from evaluator.metrics.rates import InsufficientData, Rate, rate
from evaluator.metrics.scores import Scores, ScoreSet, as_scores

#: Keeps a fold that is parted without an error from an endless slope; too small to be seen elsewhere.
RIDGE = 1e-6
#: Shares of mated comparisons that a minDCF is told for.
PRIORS = (0.01, 0.001)


@dataclass(frozen=True, slots=True)
class DetectionCost:
    """The least expected cost of a decision, in units of deciding without looking."""

    #: The share of mated comparisons.
    prior: float
    #: 0 to 1.
    value: float
    #: The largest of several best.
    threshold: float
    fmr: Rate
    fnmr: Rate


def cllr_min(mated: npt.ArrayLike, non_mated: npt.ArrayLike) -> float | InsufficientData:
    """Cllr after the best monotone calibration, which is chosen on these very pairs: what discrimination alone costs.

    In bits: 0 for scores that part both kinds, 1 for scores that say nothing. Pool adjacent violators finds the
    calibration. Raise ValueError for a NaN or infinite score.

    Source: Brümmer and du Preez, Computer Speech and Language 20 (2006).

    >>> cllr_min([0.8, 0.9], [0.1, 0.2]), cllr_min([0.5], [0.5])
    (0.0, 1.0)
    """
    mated, non_mated = as_scores(mated, "mated scores"), as_scores(non_mated, "non-mated scores")
    if missing := lacking(mated, non_mated):
        return missing
    values, place = np.unique(np.concatenate([mated, non_mated]), return_inverse=True)
    of_mated = np.bincount(place[: mated.size], minlength=values.size)
    of_all = np.bincount(place, minlength=values.size)
    blocks = isotonic_regression(of_mated / of_all, weights=of_all).blocks
    m = np.add.reduceat(of_mated, blocks[:-1])
    n = np.add.reduceat(of_all - of_mated, blocks[:-1])
    # The two terms of Cllr; a block of one kind alone costs that kind nothing.
    rate_m, rate_n = m / mated.size, n / non_mated.size
    both = rate_m + rate_n
    cost_m = float(-rate_m[m > 0] @ np.log2(rate_m[m > 0] / both[m > 0]))
    cost_n = float(-rate_n[n > 0] @ np.log2(rate_n[n > 0] / both[n > 0]))
    return max(0.0, cost_m + cost_n) / 2


def cllr_10fold(scores: ScoreSet) -> float | InsufficientData:
    """Cllr of likelihood ratios that were calibrated on other pairs: each fold by the other nine.

    The calibration is a straight line from score to log likelihood ratio, by logistic regression in which both kinds
    weigh the same. It may be above 1: a wrong likelihood ratio costs more than none. Over completed pairs.

    Source: Brümmer and du Preez (2006); the folds are those of the LFW protocol.
    """
    if scores.fold is None:
        return InsufficientData("the pairs have no folds")
    ratios = np.full(scores.score.shape, np.nan)
    for fold in np.unique(scores.fold):
        held, rest = scores.fold == fold, (scores.fold != fold) & scores.acquired
        mated, non_mated = scores.score[rest & scores.mated], scores.score[rest & ~scores.mated]
        if missing := lacking(mated, non_mated):
            return InsufficientData(f"without fold {fold}, {missing.reason}")
        slope, offset = _line(mated, non_mated)
        ratios[held] = slope * scores.score[held] + offset
    mated, non_mated = (ratios[scores.acquired & kind] for kind in (scores.mated, ~scores.mated))
    if missing := lacking(mated, non_mated):
        return missing
    bits = np.logaddexp(0, -mated).mean() + np.logaddexp(0, non_mated).mean()
    return float(bits / np.log(2) / 2)


def min_dcf(mated: npt.ArrayLike, non_mated: npt.ArrayLike, prior: float) -> DetectionCost | InsufficientData:
    """min over thresholds of prior FNMR + (1 - prior) FMR, over the least of prior and 1 - prior; both errors cost 1.

    The threshold is chosen on the pairs it is judged on, so this is optimistic. Raise ValueError for a NaN or infinite
    score, and for a prior outside (0, 1).

    Source: Martin and Przybocki, NIST speaker recognition evaluations, Digital Signal Processing 10 (2000).

    >>> min_dcf([0.8, 0.3], [0.1, 0.5], 0.5).value
    0.5
    """
    if not 0.0 < prior < 1.0:
        raise ValueError(f"a prior must be between 0 and 1, not {prior}")
    curve = error_curve(mated, non_mated)
    if isinstance(curve, InsufficientData):
        return curve
    costs = (prior * curve.fnmr + (1 - prior) * curve.fmr) / min(prior, 1 - prior)
    best = costs.size - 1 - int(np.argmin(costs[::-1]))
    fmr = rate(int(curve.false_matches[best]), curve.non_mated_trials)
    fnmr = rate(int(curve.false_non_matches[best]), curve.mated_trials)
    assert isinstance(fmr, Rate)
    assert isinstance(fnmr, Rate)
    return DetectionCost(prior, float(costs[best]), float(curve.thresholds[best]), fmr, fnmr)


def _line(mated: Scores, non_mated: Scores) -> tuple[float, float]:
    """Slope and offset by Newton's method, on scores of mean 0 and deviation 1."""
    scores = np.concatenate([mated, non_mated])
    middle, spread = scores.mean(), scores.std() or 1.0
    features = np.stack([(scores - middle) / spread, np.ones(scores.size)], axis=1)
    truth = np.arange(scores.size) < mated.size
    weight = np.where(truth, 0.5 / mated.size, 0.5 / non_mated.size)
    line = np.zeros(2)
    for _ in range(100):
        share = 1 / (1 + np.exp(-np.clip(features @ line, -500, 500)))
        gradient = features.T @ (weight * (share - truth)) + RIDGE * line
        curvature = (features.T * (weight * share * (1 - share))) @ features + RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        # A full step may overshoot where the curve is flat: bounded, each goes downhill.
        line -= step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    return float(line[0] / spread), float(line[1] - line[0] * middle / spread)
