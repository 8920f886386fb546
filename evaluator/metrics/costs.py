"""minDCF: what decisions cost at least where few comparisons are mated, as speaker recognition quotes it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluator.metrics.curve import error_curve
from evaluator.metrics.rates import InsufficientData, Rate, rate

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
