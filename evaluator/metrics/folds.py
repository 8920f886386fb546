"""Accuracy by the LFW protocol: the threshold is chosen on nine folds and judged on the tenth."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluator.metrics.curve import candidate_thresholds, lacking
from evaluator.metrics.rates import InsufficientData, Rate, count_at_or_above, count_below, rate
from evaluator.metrics.scores import Booleans, Scores, ScoreSet, as_scores, count

FOLDS = 10

#: What a failure to acquire counts as: left out, or a non-match (wrong exactly when mated).
NotAcquired = Literal["excluded", "non_match"]


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold, judged at the threshold that the other nine chose."""

    #: Its label.
    fold: int
    threshold: float
    #: Right decisions among its trials, 0 to 1.
    accuracy: float
    #: False non-matches, and failures to acquire where they count.
    mated_errors: int
    #: False matches.
    non_mated_errors: int
    trials: int


@dataclass(frozen=True, slots=True)
class FoldAccuracy:
    """Mean accuracy over ten folds, and its spread."""

    #: Of the ten, unweighted, 0 to 1.
    mean: float
    #: Population standard deviation of the ten accuracies (ddof=0), as insightface prints it.
    std: float
    #: Of the mean: sample standard deviation / sqrt(10) = std / 3, as the LFW tables print it.
    standard_error: float
    #: Wrong decisions in all ten test folds; 1 - value is the mean when folds are of one size.
    error: Rate
    folds: tuple[Fold, ...]
    not_acquired: NotAcquired


@dataclass(frozen=True, slots=True)
class OptimisticAccuracy:
    """Accuracy at the threshold chosen on the same pairs: an upper bound, not an estimate."""

    #: 0 to 1.
    value: float
    threshold: float
    #: False non-matches.
    mated_errors: int
    #: False matches.
    non_mated_errors: int
    trials: int


def accuracy_10fold(
    scores: ScoreSet,
    *,
    not_acquired: NotAcquired = "excluded",
    thresholds: Scores | None = None,
    confidence: float = 0.95,
) -> FoldAccuracy | InsufficientData:
    """Accuracy by the protocol of LFW View 2.

    For each of exactly ten fold labels, the threshold is the one with the highest accuracy on the
    completed pairs of the other nine; of several, the largest (strictest), as in insightface.
    Candidates are all distinct training scores and one step above the largest, or the explicit grid
    `thresholds` (shape (k,), any order).

    A failure to acquire is excluded by default. With "non_match" it is decided as a non-match: a
    mated pair becomes an error, a non-mated one a right answer. That is what a service delivers.
    The chosen thresholds are the same in both views, for such a pair is decided alike at every
    threshold.

    Raise ValueError for an empty, NaN or infinite grid.

    Source: Huang et al., Labeled Faces in the Wild, UMass Amherst TR 07-49 (2007).

    Ten folds of one mated pair scoring 2 and one non-mated scoring 1, except that fold 9 has its
    scores swapped:

    >>> fold = np.repeat(np.arange(10), 2)
    >>> mated = np.tile([True, False], 10)
    >>> score = np.where(mated, 2.0, 1.0)
    >>> score[18:] = 1.0, 2.0
    >>> a = accuracy_10fold(ScoreSet(score, mated, np.ones(20, dtype=bool), fold))
    >>> a.mean, round(a.std, 12), a.folds[9].threshold, a.error.errors
    (0.9, 0.3, 2.0, 2)
    """
    if scores.fold is None:
        return InsufficientData("the pairs have no folds")
    if missing := lacking(scores.mated_scores, scores.non_mated_scores):
        return missing
    labels = np.unique(scores.fold)
    if labels.size != FOLDS:
        return InsufficientData(f"the protocol has {FOLDS} folds, these pairs have {labels.size}")

    counted = scores.acquired if not_acquired == "excluded" else np.ones_like(scores.acquired)
    folds = []
    for label in labels:
        test = scores.fold == label
        train, mated = ~test & scores.acquired, scores.mated
        trials = count(test & counted)
        if trials == 0 or not train.any():
            return InsufficientData(f"fold {label} has no completed pair to train or to test on")
        threshold = _best_threshold(
            scores.score[train & mated],
            scores.score[train & ~mated],
            thresholds,
        )
        wrong = test & counted & ~scores.correct(threshold)
        mated_errors = count(wrong & mated)
        non_mated_errors = count(wrong & ~mated)
        accuracy = (trials - mated_errors - non_mated_errors) / trials
        folds.append(Fold(int(label), threshold, accuracy, mated_errors, non_mated_errors, trials))

    accuracies = np.array([f.accuracy for f in folds])
    std = float(np.std(accuracies))
    error = rate(
        sum(f.mated_errors + f.non_mated_errors for f in folds),
        sum(f.trials for f in folds),
        confidence=confidence,
    )
    assert isinstance(error, Rate)
    return FoldAccuracy(
        mean=float(np.mean(accuracies)),
        std=std,
        standard_error=std / (FOLDS - 1) ** 0.5,
        error=error,
        folds=tuple(folds),
        not_acquired=not_acquired,
    )


def correct_10fold(scores: ScoreSet, accuracy: FoldAccuracy) -> Booleans:
    """Whether each pair is decided rightly at the threshold of its fold, shape (n,).

    This is what `mcnemar` compares. A pair that was not acquired is a non-match. Raise ValueError
    when `accuracy` was measured on other folds.
    """
    by_label = {f.fold: f.threshold for f in accuracy.folds}
    if scores.fold is None or set(by_label) != set(scores.fold.tolist()):
        raise ValueError("the accuracy was measured on other folds than those of the scores")
    return scores.correct(np.array([by_label[label] for label in scores.fold.tolist()]))


def optimistic_accuracy(scores: ScoreSet) -> OptimisticAccuracy | InsufficientData:
    """Highest accuracy that any one threshold reaches on the completed pairs.

    Chosen and judged on the same pairs, hence optimistic. Of several such thresholds, the largest.

    >>> o = optimistic_accuracy(ScoreSet.of([0.9, 0.8, 0.3], [0.1, 0.2, 0.8]))
    >>> round(o.value, 3), o.threshold, o.mated_errors, o.non_mated_errors
    (0.833, 0.3, 0, 1)
    """
    mated, non_mated = scores.mated_scores, scores.non_mated_scores
    if missing := lacking(mated, non_mated):
        return missing
    threshold = _best_threshold(mated, non_mated)
    mated_errors = count(mated < threshold)
    non_mated_errors = count(non_mated >= threshold)
    trials = mated.size + non_mated.size
    value = (trials - mated_errors - non_mated_errors) / trials
    return OptimisticAccuracy(value, threshold, mated_errors, non_mated_errors, trials)


def _best_threshold(mated: Scores, non_mated: Scores, grid: Scores | None = None) -> float:
    """The largest candidate with the fewest errors in all."""
    if grid is None:
        candidates = candidate_thresholds(mated, non_mated)
    else:
        candidates = np.unique(as_scores(grid, "thresholds"))
        if candidates.size == 0:
            raise ValueError("thresholds: the grid is empty")
    errors = count_at_or_above(non_mated, candidates) + count_below(mated, candidates)
    return float(candidates[np.flatnonzero(errors == errors.min())[-1]])
