"""Cllr: what scores cost whoever takes them for likelihood ratios, whatever the prior and the price of an error."""

import numpy as np
import numpy.typing as npt
import scipy

from evaluator.metrics.curve import lacking
from evaluator.metrics.rates import InsufficientData
from evaluator.metrics.scores import Scores, ScoreSet, as_scores

#: Keeps a fold that is parted without an error from an endless slope; too small to be seen elsewhere.
RIDGE = 1e-6


def cllr(mated: npt.ArrayLike, non_mated: npt.ArrayLike) -> float | InsufficientData:
    """Log-likelihood-ratio cost in bits of log10 likelihood ratios: 0 is perfect, 1 what saying nothing costs.

    Comparison scores are no likelihood ratios until they are calibrated. Raise ValueError for a NaN or infinite value.

    Source: Brümmer and du Preez, Computer Speech and Language 20 (2006).

    >>> cllr([0.0], [0.0])
    1.0
    """
    mated, non_mated = as_scores(mated, "mated ratios"), as_scores(non_mated, "non-mated ratios")
    return lacking(mated, non_mated) or _cost(mated * np.log(10), non_mated * np.log(10))


def cllr_min(mated: npt.ArrayLike, non_mated: npt.ArrayLike) -> float | InsufficientData:
    """Cllr of the best likelihood ratios that rise with the score: what the order of the scores alone costs, in bits.

    Those are found on the same scores, by pooling adjacent violators, so the figure is optimistic. Raise ValueError for
    a NaN or infinite score.

    Source: likewise; Ayer et al., Annals of Mathematical Statistics 26 (1955), for the pooling.

    >>> cllr_min([0.5, 0.9], [0.1, 0.2]), cllr_min([0.5], [0.5])
    (0.0, 1.0)
    """
    mated, non_mated = as_scores(mated, "mated scores"), as_scores(non_mated, "non-mated scores")
    if missing := lacking(mated, non_mated):
        return missing
    scores, places = np.unique(np.concatenate([mated, non_mated]), return_inverse=True)
    of_mated = np.bincount(places[: mated.size], minlength=scores.size)
    of_both = np.bincount(places, minlength=scores.size)
    share = scipy.optimize.isotonic_regression(of_mated / of_both, weights=of_both).x
    with np.errstate(divide="ignore"):  # a share of 0 or 1 is a ratio of nothing, or without end
        ratios = np.log(share) - np.log1p(-share) + np.log(non_mated.size / mated.size)
    return _cost(ratios[places[: mated.size]], ratios[places[mated.size :]])


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
    return _cost(mated, non_mated)


def _cost(mated: Scores, non_mated: Scores) -> float:
    """Of natural log likelihood ratios."""
    both = np.mean(np.logaddexp(0, -mated)) + np.mean(np.logaddexp(0, non_mated))
    return float(both / (2 * np.log(2)))


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
