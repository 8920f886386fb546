"""The difference between two runs' error rates on the same pairs: statistics for `Resamples`, a paired bootstrap.

Here a pair that was not acquired is a non-match, so an error exactly when it is mated, and both runs have the same
denominators.
"""

import numpy as np

from evaluator.metrics.people import People, Statistic
from evaluator.metrics.same_fmr import false_matches_allowed
from evaluator.metrics.scores import Booleans, Scores, ScoreSet, as_booleans


def strangers(mated: Booleans) -> People:
    """For a list that names nobody: whose pairs are taken for independent. `mated` has shape (n,).

    >>> strangers(np.array([True, False])).count
    3
    """
    places = np.arange(as_booleans(mated, "mated").size)
    return People.of(places, np.where(mated, places, places + places.size))


def difference_at_thresholds(first: Booleans, second: Booleans, of: Booleans) -> Statistic:
    """How much more often the second run is wrong on the pairs `of` one kind, at thresholds that stay as they are.

    `first` and `second` say of each pair whether that run decides it rightly, `of` which are of the kind; each has
    shape (n,). Raise ValueError where none is.

    Of four mated pairs the second run misses one more:

    >>> right, fewer = np.array([True, True, True, False]), np.array([True, True, False, False])
    >>> difference_at_thresholds(right, fewer, np.array([True] * 4))(np.ones((1, 4)))
    array([0.25])
    """
    a, b, kind = as_booleans(first, "first"), as_booleans(second, "second"), as_booleans(of, "of")
    more = np.where(kind, a.astype(np.float64) - b, 0.0)
    return _share_of(kind, lambda weights: weights @ more)


def difference_at_same_fmr(first: ScoreSet, second: ScoreSet, threshold: float) -> Statistic:
    """How many more mated pairs the second run misses where both have the false matches of the first at `threshold`.

    Both decide at the smallest threshold with at most so many. Those are chosen on these pairs, so they are chosen anew
    in each resample: where few false matches fix them, that is much of what is uncertain. Raise ValueError without
    mated pairs.
    """
    false_match = (~first.correct(threshold) & ~first.mated).astype(np.float64)
    return _difference(first, second, lambda weights: weights @ false_match)


def difference_at_fmr(first: ScoreSet, second: ScoreSet, target: float) -> Statistic:
    """How many more mated pairs the second run misses where each decides at observed FMR at most `target`.

    Likewise.
    """
    non_mated = (~first.mated).astype(np.float64)
    return _difference(first, second, lambda weights: false_matches_allowed(target, weights @ non_mated))


def _difference(first: ScoreSet, second: ScoreSet, allowed: Statistic) -> Statistic:
    one, other = _Ranked(first), _Ranked(second)

    def more(weights: Scores) -> Scores:
        matches = allowed(weights)
        return other.missed(weights, matches) - one.missed(weights, matches)

    return _share_of(first.mated, more)


class _Ranked:
    """A run's pairs in the order of their scores: what a resample's threshold is looked up in."""

    def __init__(self, scores: ScoreSet) -> None:
        non_mated, mated = scores.acquired & ~scores.mated, scores.acquired & scores.mated
        self._falling = np.flatnonzero(non_mated)[np.argsort(-scores.score[non_mated], kind="stable")]
        self._rising = np.flatnonzero(mated)[np.argsort(scores.score[mated], kind="stable")]
        falling = scores.score[self._falling]
        #: Equal scores match together: a threshold lies below the last of them.
        self._last = np.append(falling[:-1] != falling[1:], True) if falling.size else np.zeros(0, np.bool_)
        #: How many mated scores do not lie above each score that no longer matches; none where all may match.
        self._below = np.append(np.searchsorted(scores.score[self._rising], falling[self._last], side="right"), 0)
        self._not_acquired = (scores.mated & ~scores.acquired).astype(np.float64)

    def missed(self, weights: Scores, allowed: Scores) -> Scores:
        """Mated pairs that do not match at the smallest threshold with at most `allowed` false matches, shape (r,)."""
        matched = np.cumsum(weights[:, self._falling], axis=1)[:, self._last]
        matching = (matched <= allowed[:, np.newaxis]).sum(axis=1)
        missed = np.zeros((weights.shape[0], self._rising.size + 1))
        np.cumsum(weights[:, self._rising], axis=1, out=missed[:, 1:])
        found: Scores = missed[np.arange(weights.shape[0]), self._below[matching]] + weights @ self._not_acquired
        return found


def _share_of(kind: Booleans, more: Statistic) -> Statistic:
    """Among the pairs of the kind that are in each resample; NaN where none is."""
    if not kind.any():
        raise ValueError("there are no pairs of this kind")
    counted = kind.astype(np.float64)

    def share(weights: Scores) -> Scores:
        pairs = weights @ counted
        shares: Scores = np.divide(more(weights), pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0)
        return shares

    return share
