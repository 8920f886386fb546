"""What every metric is computed from: comparison scores and the truth about each pair."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Scores: TypeAlias = npt.NDArray[np.float64]
Booleans: TypeAlias = npt.NDArray[np.bool_]
Counts: TypeAlias = npt.NDArray[np.int64]
Labels: TypeAlias = npt.NDArray[np.str_]


def as_scores(values: npt.ArrayLike, name: str = "scores") -> Scores:
    """Return `values` as float64 of shape (n,); n may be 0.

    Raise ValueError, naming the row, for a score that is NaN or infinite, and for any other shape.

    >>> as_scores([0.5, float("nan")], "mated scores")
    Traceback (most recent call last):
    ...
    ValueError: mated scores: row 1 is nan, a score must be a finite number
    """
    scores = np.asarray(values, dtype=np.float64)
    if scores.ndim != 1:
        raise ValueError(f"{name}: shape must be (n,), not {scores.shape}")
    bad = np.flatnonzero(~np.isfinite(scores))
    if bad.size:
        row = bad[0]
        raise ValueError(f"{name}: row {row} is {scores[row]}, a score must be a finite number")
    return scores


def as_booleans(values: npt.ArrayLike, name: str) -> Booleans:
    """Return `values` as booleans of shape (n,). Raise ValueError otherwise, for 0 and 1 too."""
    array = np.asarray(values)
    if array.dtype != np.bool_ or array.ndim != 1:
        raise ValueError(f"{name}: must be booleans (n,), not {array.dtype} {array.shape}")
    return array


def as_thresholds(values: npt.ArrayLike) -> Scores:
    """Return `values` as float64. Raise ValueError for a decision threshold NaN or infinite."""
    thresholds = np.asarray(values, dtype=np.float64)
    if not np.isfinite(thresholds).all():
        raise ValueError(f"a decision threshold must be a finite number, not {values!r}")
    return thresholds


def count(rows: Booleans) -> int:
    """How many rows are True."""
    return int(np.count_nonzero(rows))


@dataclass(frozen=True, slots=True, eq=False)
class ScoreSet:
    """The pairs of one run, a row each.

    Every array has shape (n,), n >= 1, and is copied and made read-only. A larger score means more
    alike. Raise ValueError, naming the row where there is one, for arrays of different lengths, no
    pairs at all, a NaN or infinite score of an acquired pair, and a number as the score of a pair
    that was not acquired (so that a marker such as -1 is never taken for a score).

    >>> pairs = ScoreSet(
    ...     score=np.array([0.8, 0.3, np.nan]),
    ...     mated=np.array([True, False, True]),
    ...     acquired=np.array([True, True, False]),
    ... )
    >>> pairs.mated_scores, pairs.non_mated_scores
    (array([0.8]), array([0.3]))
    """

    #: Comparison score; NaN exactly where the pair was not acquired.
    score: Scores
    #: The truth: True when both images show the same subject.
    mated: Booleans
    #: False when either image failed to acquire, so that there was no comparison.
    acquired: Booleans
    #: Fold label of each pair in the LFW protocol, any ten distinct integers.
    fold: Counts | None = None
    #: Group label of each pair, for rates by group.
    group: Labels | None = None
    #: Who the reference shows, and ...
    reference_subject: Labels | None = None
    #: ... who the probe shows: the same where the pair is mated. Both are known of every pair, or neither is.
    probe_subject: Labels | None = None

    def __post_init__(self) -> None:
        """Validate, copy and freeze."""
        acquired = as_booleans(self.acquired, "acquired").copy()
        score = np.array(self.score, dtype=np.float64)
        if acquired.size == 0:
            raise ValueError("there are no pairs")
        columns = {"score": score, "mated": as_booleans(self.mated, "mated").copy()}
        if self.fold is not None:
            fold = np.array(self.fold)
            if fold.dtype.kind not in "iu":
                raise ValueError(f"fold: must be integers, not {fold.dtype}")
            columns["fold"] = fold.astype(np.int64)
        if self.group is not None:
            columns["group"] = np.array(self.group, dtype=np.str_)
        if (self.reference_subject is None) != (self.probe_subject is None):
            raise ValueError("subjects must be known of both sides, or of neither")
        if self.reference_subject is not None and self.probe_subject is not None:
            columns["reference_subject"] = np.array(self.reference_subject, dtype=np.str_)
            columns["probe_subject"] = np.array(self.probe_subject, dtype=np.str_)
        for name, column in columns.items():
            if column.shape != acquired.shape:
                raise ValueError(f"{name}: shape is {column.shape}, acquired has {acquired.shape}")
        if self.reference_subject is not None:
            same = columns["reference_subject"] == columns["probe_subject"]
            if (bad := np.flatnonzero(same != columns["mated"])).size:
                raise ValueError(f"mated: row {bad[0]} is {not same[bad[0]]}, but its subjects say otherwise")
        bad = np.flatnonzero(np.where(acquired, ~np.isfinite(score), ~np.isnan(score)))
        if bad.size:
            row = bad[0]
            what = "an acquired pair has a finite" if acquired[row] else "one not acquired has no"
            raise ValueError(f"score: row {row} is {score[row]}, but {what} score")
        for name, column in {**columns, "acquired": acquired}.items():
            column.flags.writeable = False
            object.__setattr__(self, name, column)

    @classmethod
    def of(cls, mated_scores: npt.ArrayLike, non_mated_scores: npt.ArrayLike) -> "ScoreSet":
        """Completed comparisons without folds or groups, mated ones first.

        >>> ScoreSet.of([0.9, 0.8], [0.1]).mated
        array([ True,  True, False])
        """
        mated = as_scores(mated_scores, "mated scores")
        non_mated = as_scores(non_mated_scores, "non-mated scores")
        score = np.concatenate([mated, non_mated])
        return cls(score, np.arange(score.size) < mated.size, np.ones(score.size, dtype=np.bool_))

    @property
    def mated_scores(self) -> Scores:
        """Scores of the completed mated comparisons."""
        return self.score[self.mated & self.acquired]

    @property
    def non_mated_scores(self) -> Scores:
        """Scores of the completed non-mated comparisons."""
        return self.score[~self.mated & self.acquired]

    def correct(self, threshold: npt.ArrayLike) -> Booleans:
        """Whether each pair is decided rightly, shape (n,); one not acquired is a non-match.

        `threshold` is one finite number, or one per pair.

        >>> ScoreSet.of([0.9, 0.4], [0.5, 0.1]).correct(0.5)
        array([ True, False, False,  True])
        """
        match = self.acquired & (self.score >= as_thresholds(threshold))
        return np.equal(match, self.mated)
