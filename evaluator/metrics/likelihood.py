"""Cllr: what scores cost whoever takes them for likelihood ratios, whatever the prior and the price of an error."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

from evaluator.metrics.curve import lacking
from evaluator.metrics.rates import InsufficientData
from evaluator.metrics.scores import Scores, as_scores


def cllr(mated: npt.ArrayLike, non_mated: npt.ArrayLike) -> float | InsufficientData:
    """Log-likelihood-ratio cost in bits of log10 likelihood ratios: 0 is perfect, 1 what saying nothing costs.

    Comparison scores are no likelihood ratios until they are calibrated. Raise ValueError for a NaN or infinite value.

    Source: Bruemmer and du Preez, Computer Speech and Language 20 (2006).

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
    share = isotonic_regression(of_mated / of_both, weights=of_both).x
    with np.errstate(divide="ignore"):  # a share of 0 or 1 is a ratio of nothing, or without end
        ratios = np.log(share) - np.log1p(-share) + np.log(non_mated.size / mated.size)
    return _cost(ratios[places[: mated.size]], ratios[places[mated.size :]])


def _cost(mated: Scores, non_mated: Scores) -> float:
    """Of natural log likelihood ratios."""
    both = np.mean(np.logaddexp(0, -mated)) + np.mean(np.logaddexp(0, non_mated))
    return float(both / (2 * np.log(2)))
