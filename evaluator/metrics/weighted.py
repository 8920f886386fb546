"""The figures of a whole curve when pairs have weights: what resampling people needs.

Each is a `Statistic`: it takes weights of shape (r, n), a column a pair of the score set, and gives r values, NaN where
a resample has no mated or no non-mated pair. With weights of 1 it is the figure of the same name.
"""

import numpy as np

from evaluator.metrics.curve import candidate_thresholds
from evaluator.metrics.people import Statistic
from evaluator.metrics.scores import Booleans, Counts, Scores, ScoreSet


class WeightedScores:
    """The completed comparisons of a score set, at least one of each kind, in the order of their scores.

    >>> pairs = WeightedScores(ScoreSet.of([0.5, 0.9], [0.1, 0.5]))
    >>> weights = np.array([[1.0, 1, 1, 1], [1.0, 2, 1, 1]])
    >>> pairs.auc(weights), pairs.eer(weights)
    (array([0.875     , 0.91666667]), array([0.25, 0.2 ]))
    """

    def __init__(self, scores: ScoreSet) -> None:
        self._mated = _Kind(scores, scores.mated)
        self._non_mated = _Kind(scores, ~scores.mated)
        thresholds = candidate_thresholds(self._mated.scores, self._non_mated.scores)
        self._mated_below = np.searchsorted(self._mated.scores, thresholds)
        self._non_mated_below = np.searchsorted(self._non_mated.scores, thresholds)
        self._latest: tuple[Scores, Scores, Scores] | None = None

    def auc(self, weights: Scores) -> Scores:
        """As `auc` has it, shape (r,)."""
        ordered, scores = self._non_mated, self._mated.scores
        below = ordered.share_of_first(weights, np.searchsorted(ordered.scores, scores, side="left"))
        not_above = ordered.share_of_first(weights, np.searchsorted(ordered.scores, scores, side="right"))
        in_order = np.einsum("ij,ij->i", self._mated.of(weights), below + not_above) / 2
        return _ratio(in_order, self._mated.total(weights))

    def d_prime(self, weights: Scores) -> Scores:
        """As `d_prime` has it, shape (r,)."""
        mated_mean, mated_variance = self._mated.moments(weights)
        mean, variance = self._non_mated.moments(weights)
        return _ratio(mated_mean - mean, np.sqrt((mated_variance + variance) / 2))

    def eer(self, weights: Scores) -> Scores:
        """As `eer` has it: where the polygon through the points of the DET curve meets FMR = FNMR, shape (r,)."""
        fmr, fnmr = self._rates(weights)
        gap = np.round(fmr - fnmr, 12)  # it falls along the thresholds, and is 0 where the rates are equal
        rows = np.arange(len(gap))
        first = np.maximum(np.count_nonzero(gap >= 0, axis=1) - 1, 0)
        second = np.minimum(np.count_nonzero(gap > 0, axis=1), gap.shape[1] - 1)
        from_first, from_second = gap[rows, first], gap[rows, second]
        weight = np.divide(
            from_first, from_first - from_second, out=np.zeros(len(gap)), where=from_first != from_second
        )
        return np.asarray(fmr[rows, first] + weight * (fmr[rows, second] - fmr[rows, first]))

    def fnmr_at_fmr(self, target: float, *, failed: Booleans | None = None) -> Statistic:
        """As `fnmr_at_fmr` has it, the threshold being chosen in each resample.

        With `failed`, shape (n,), the mated pairs that were not acquired, they count as errors.
        """

        def statistic(weights: Scores) -> Scores:
            fmr, fnmr = self._rates(weights)
            chosen = np.count_nonzero(fmr > target, axis=1)
            found = np.where(np.isnan(fmr[:, 0]), np.nan, fnmr[np.arange(len(fnmr)), chosen])
            if failed is None:
                return found
            lost, compared = weights[:, failed].sum(axis=1), self._mated.total(weights)
            return _ratio(found * compared + lost, compared + lost)

        return statistic

    def fmr_at_fnmr(self, target: float) -> Statistic:
        """The mirror: the largest threshold whose FNMR is at most the target."""

        def statistic(weights: Scores) -> Scores:
            fmr, fnmr = self._rates(weights)
            chosen = np.count_nonzero(fnmr <= target, axis=1) - 1
            return np.where(np.isnan(fnmr[:, 0]), np.nan, fmr[np.arange(len(fmr)), chosen])

        return statistic

    def _rates(self, weights: Scores) -> tuple[Scores, Scores]:
        """FMR and FNMR at every candidate threshold, each of shape (r, k); the statistics of a block share them."""
        if self._latest is None or self._latest[0] is not weights:
            fmr = self._non_mated.share_of_rest(weights, self._non_mated_below)
            self._latest = weights, fmr, self._mated.share_of_first(weights, self._mated_below)
        return self._latest[1:]


class _Kind:
    """The completed comparisons of one kind, in the order of their scores."""

    def __init__(self, scores: ScoreSet, kind: Booleans) -> None:
        rows = np.flatnonzero(kind & scores.acquired)
        self._rows = rows[np.argsort(scores.score[rows], kind="stable")]
        self.scores = scores.score[self._rows]
        self._latest: tuple[Scores, Scores, Scores] | None = None

    def of(self, weights: Scores) -> Scores:
        """Their weights, shape (r, m)."""
        return self._own(weights)[0]

    def total(self, weights: Scores) -> Scores:
        """Their sum, shape (r,)."""
        return self._own(weights)[1]

    def _own(self, weights: Scores) -> tuple[Scores, Scores]:
        if self._latest is None or self._latest[0] is not weights:
            own = weights[:, self._rows]
            self._latest = weights, own, own.sum(axis=1)
        return self._latest[1:]

    def share_of_first(self, weights: Scores, counts: Counts) -> Scores:
        """The share that the first so many of them have in their weight, shape (r, len(counts))."""
        summed = self._summed(weights)
        return _ratio(summed, summed[:, -1:])[:, counts]

    def share_of_rest(self, weights: Scores, counts: Counts) -> Scores:
        """The share that all but the first so many of them have in their weight, shape (r, len(counts))."""
        summed = self._summed(weights)
        return _ratio(summed[:, -1:] - summed, summed[:, -1:])[:, counts]

    def moments(self, weights: Scores) -> tuple[Scores, Scores]:
        """Mean and variance (ddof=1) of the scores, each of shape (r,)."""
        own, total = self.of(weights), self.total(weights)
        mean = _ratio(own @ self.scores, total)
        squares = np.einsum("ij,ij->i", own, (self.scores - mean[:, np.newaxis]) ** 2)
        return mean, _ratio(squares, total - 1)

    def _summed(self, weights: Scores) -> Scores:
        """The weight of the first 0, 1, 2, ... of them, shape (r, m + 1)."""
        summed = np.zeros((len(weights), self.scores.size + 1))
        np.cumsum(self.of(weights), axis=1, out=summed[:, 1:])
        return summed


def _ratio(above: Scores, below: Scores) -> Scores:
    """NaN where there is nothing below."""
    nothing = np.full(np.broadcast(above, below).shape, np.nan)
    return np.asarray(np.divide(above, below, out=nothing, where=below > 0))
