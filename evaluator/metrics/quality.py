"""What bad images cost: errors that go away when the worst images are left out, and errors by a measure of quality."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluator.metrics.groups import MIN_GROUP_TRIALS
from evaluator.metrics.rates import InsufficientData, Rate, clopper_pearson, fmr, fnmr
from evaluator.metrics.scores import Counts, Scores, ScoreSet, as_scores, as_thresholds

#: Shares of the mated pairs to discard, at most.
DISCARDED = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)


@dataclass(frozen=True, slots=True, eq=False)
class DiscardCurve:
    """FNMR of the pairs that are left when those of the least quality are discarded; arrays of shape (k,)."""

    #: How many mated pairs are discarded: at most the share that was asked for, for equal qualities stay together.
    discarded: Counts
    #: False non-matches among those that are left.
    errors: Counts
    #: How many are left.
    trials: Counts
    fnmr: Scores
    #: Clopper-Pearson, 95 %.
    low: Scores
    high: Scores


@dataclass(frozen=True, slots=True)
class QualityBin:
    """Both rates of the pairs whose quality lies from `low`, included, to `high`, not included; None is no end."""

    low: float | None
    high: float | None
    fmr: Rate | InsufficientData
    fnmr: Rate | InsufficientData
    #: Fewer than are needed to hold its FNMR against another bin's.
    few_mated_trials: bool
    #: Likewise for its FMR.
    few_non_mated_trials: bool


def discard_curve(
    mated: npt.ArrayLike, quality: npt.ArrayLike, threshold: float, shares: Sequence[float] = DISCARDED
) -> DiscardCurve | InsufficientData:
    """The error-versus-discard curve of a measure of quality, at one threshold fixed beforehand.

    `mated` are scores and `quality` that of each pair, larger is better, both of shape (n,). A measure that knows
    what makes comparisons fail lets the curve fall; one that does not leaves it level. Raise ValueError for a NaN or
    infinite number, for other shapes, and for a share outside [0, 1).

    Source: ISO/IEC 29794-1 (error versus discard characteristic); Grother and Tabassi, IEEE PAMI 29 (2007).

    Without the pair of the least quality, the only error is gone:

    >>> curve = discard_curve([0.1, 0.9, 0.8, 0.9], [1, 2, 3, 4], 0.5, shares=(0.0, 0.25))
    >>> curve.errors.tolist(), curve.trials.tolist()
    ([1, 0], [4, 3])
    """
    mated, quality = as_scores(mated, "mated scores"), as_scores(quality, "quality")
    if mated.shape != quality.shape:
        raise ValueError(f"quality: shape is {quality.shape}, mated scores has {mated.shape}")
    if not all(0.0 <= share < 1.0 for share in shares):
        raise ValueError(f"a share to discard must be at least 0 and below 1, not {shares}")
    if mated.size == 0:
        return InsufficientData("there are no mated trials")
    order = np.argsort(quality, kind="stable")
    ranked, wrong = quality[order], mated[order] < as_thresholds(threshold)
    # Those strictly worse than the first that may stay: at most the share, and equal ones are not told apart.
    at_most = np.minimum(np.floor(np.array(shares) * mated.size + 1e-9), mated.size - 1).astype(np.int64)
    discarded = np.searchsorted(ranked, ranked[at_most], side="left").astype(np.int64)
    errors = np.count_nonzero(wrong) - np.concatenate([[0], np.cumsum(wrong)])[discarded]
    trials = mated.size - discarded
    ends = [clopper_pearson(int(e), int(t)) for e, t in zip(errors, trials, strict=True)]
    low, high = (np.array([float(end[i]) for end in ends]) for i in (0, 1))
    return DiscardCurve(discarded, errors, trials, errors / trials, low, high)


def by_quality(
    scores: ScoreSet, quality: Scores, edges: Sequence[float], threshold: float, *, min_trials: int = MIN_GROUP_TRIALS
) -> tuple[QualityBin, ...]:
    """Both rates by quality, at one threshold; `edges` ascend and part the bins, the first and last of which are open.

    `quality` has shape (n,), NaN where a pair has none: it is in no bin.
    """
    bins = []
    for low, high in zip([None, *edges], [*edges, None], strict=True):
        inside = scores.acquired & ~np.isnan(quality)
        if low is not None:
            inside &= quality >= low
        if high is not None:
            inside &= quality < high
        mated, non_mated = scores.score[inside & scores.mated], scores.score[inside & ~scores.mated]
        few = mated.size < min_trials, non_mated.size < min_trials
        bins.append(QualityBin(low, high, fmr(non_mated, threshold), fnmr(mated, threshold), *few))
    return tuple(bins)
