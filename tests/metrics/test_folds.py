from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from evaluator.metrics import (
    FoldAccuracy,
    InsufficientData,
    OptimisticAccuracy,
    ScoreSet,
    accuracy_10fold,
    correct_10fold,
    optimistic_accuracy,
)

Array = npt.NDArray[Any]
INSIGHTFACE_GRID = np.arange(0, 4, 0.01)


def insightface_protocol(distance: Array, mated: Array) -> tuple[Array, Array]:
    """What insightface's eval/verification.py does, written anew: accuracy and threshold per fold.

    `distance` is the squared L2 distance of normalised embeddings, a match is a distance *below*
    the threshold, the first of several best thresholds of a fixed grid is taken, folds are ten
    consecutive blocks.
    """
    accuracies, chosen = [], []
    rows = np.arange(distance.size)
    for test in np.array_split(rows, 10):
        train = np.setdiff1d(rows, test)
        right = [np.sum((distance[train] < t) == mated[train]) for t in INSIGHTFACE_GRID]
        best = INSIGHTFACE_GRID[int(np.argmax(right))]
        accuracies.append(np.sum((distance[test] < best) == mated[test]) / test.size)
        chosen.append(best)
    return np.array(accuracies), np.array(chosen)


def consecutive_folds(n: int) -> npt.NDArray[np.int64]:
    return np.concatenate([np.full(rows.size, i) for i, rows in enumerate(np.array_split(np.arange(n), 10))])


def accuracy_of(found: FoldAccuracy | InsufficientData) -> FoldAccuracy:
    assert isinstance(found, FoldAccuracy)
    return found


def ten_folds(mated_score: Array, non_mated_score: Array) -> ScoreSet:
    """Fold i holds one mated and one non-mated pair; NaN means not acquired."""
    score = np.column_stack([mated_score, non_mated_score]).ravel()
    mated = np.tile([True, False], 10)
    return ScoreSet(score, mated, ~np.isnan(score), np.repeat(np.arange(10), 2))


@pytest.mark.parametrize("spread", [0.1, 0.3, 0.6])
def test_the_grid_of_insightface_gives_the_figures_of_insightface(spread: float) -> None:
    rng = np.random.default_rng(7)
    n = 1003  # folds of unequal size
    mated = rng.random(n) < 0.5
    distance = np.clip(np.where(mated, 0.9, 1.6) + rng.normal(0, spread, n), 0, 4)
    distance[::50] = np.round(distance[::50], 2)  # some exactly on the grid
    reference, chosen = insightface_protocol(distance, mated)

    # orientation turned round exactly: distance < t  <=>  -distance >= the float after -t
    pairs = ScoreSet(-distance, mated, np.ones(n, dtype=bool), consecutive_folds(n))
    found = accuracy_of(accuracy_10fold(pairs, thresholds=np.nextafter(-INSIGHTFACE_GRID, np.inf)))
    assert abs(found.mean - np.mean(reference)) <= 1e-12
    assert abs(found.std - np.std(reference)) <= 1e-12
    np.testing.assert_allclose([f.accuracy for f in found.folds], reference, rtol=0, atol=1e-12)
    np.testing.assert_allclose([-f.threshold for f in found.folds], chosen, rtol=0, atol=1e-12)


def test_cosine_scores_of_embeddings_give_the_figures_of_insightface() -> None:
    rng = np.random.default_rng(11)
    n = 600
    mated = np.arange(n) % 2 == 0
    first = rng.normal(size=(n, 32))
    second = np.where(mated[:, None], first + rng.normal(0, 1.5, (n, 32)), rng.normal(size=(n, 32)))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    reference, _ = insightface_protocol(np.sum((first - second) ** 2, axis=1), mated)

    cosine = np.sum(first * second, axis=1)
    pairs = ScoreSet(cosine, mated, np.ones(n, dtype=bool), consecutive_folds(n))
    grid = np.nextafter(1 - INSIGHTFACE_GRID / 2, np.inf)  # d = 2 - 2 cos
    found = accuracy_of(accuracy_10fold(pairs, thresholds=grid))
    assert abs(found.mean - np.mean(reference)) <= 1e-12
    assert abs(found.std - np.std(reference)) <= 1e-12
    # our own candidates, every training score, stay within a few pairs of the grid
    assert abs(accuracy_of(accuracy_10fold(pairs)).mean - np.mean(reference)) <= 0.01


def test_the_threshold_comes_from_the_other_nine_folds() -> None:
    # folds 0..8: mated 10, non-mated 1. Fold 9: mated 5, non-mated 1. Training on 0..8 the largest
    # best threshold is 10, so the mated pair of fold 9 is an error. In folds 0..8 the training set
    # holds the 5, threshold 5 is the best and nothing goes wrong.
    found = accuracy_of(accuracy_10fold(ten_folds(np.array([10.0] * 9 + [5]), np.ones(10))))
    assert [f.threshold for f in found.folds] == [5.0] * 9 + [10.0]
    assert [f.mated_errors for f in found.folds] == [0] * 9 + [1]
    assert [f.trials for f in found.folds] == [2] * 10
    assert found.mean == pytest.approx(0.95, abs=1e-15)
    # nine ones and one half: variance 0.95 * 0.05 - 0.025 = 0.0225, ddof=0
    assert found.std == pytest.approx(0.15, abs=1e-15)
    assert found.standard_error == pytest.approx(0.05, abs=1e-15)
    assert (found.error.errors, found.error.trials) == (1, 20)


def test_of_several_best_thresholds_the_largest_is_chosen() -> None:
    pairs = ten_folds(np.full(10, 3.0), np.full(10, 1.0))
    assert {f.threshold for f in accuracy_of(accuracy_10fold(pairs)).folds} == {3.0}
    grid = np.array([2.5, 1.5, 0.5, 9.0])
    found = accuracy_of(accuracy_10fold(pairs, thresholds=grid))
    assert {f.threshold for f in found.folds} == {2.5}


def test_a_failure_to_acquire_is_excluded_from_accuracy_or_in_the_named_view_a_non_match() -> None:
    mated, non_mated = np.full(10, 3.0), np.full(10, 1.0)
    mated[0] = non_mated[1] = np.nan
    pairs = ten_folds(mated, non_mated)

    completed = accuracy_of(accuracy_10fold(pairs))
    assert (completed.mean, completed.error.trials) == (1, 18)
    assert [f.trials for f in completed.folds] == [1, 1] + [2] * 8

    delivered = accuracy_of(accuracy_10fold(pairs, not_acquired="non_match"))
    assert [f.accuracy for f in delivered.folds] == [0.5, 1] + [1] * 8
    assert (delivered.error.errors, delivered.error.trials) == (1, 20)
    assert [f.threshold for f in delivered.folds] == [f.threshold for f in completed.folds]


def test_a_fold_without_any_completed_pair_is_a_reason() -> None:
    mated, non_mated = np.full(10, 3.0), np.full(10, 1.0)
    mated[4] = non_mated[4] = np.nan
    pairs = ten_folds(mated, non_mated)
    assert isinstance(accuracy_10fold(pairs), InsufficientData)
    assert accuracy_of(accuracy_10fold(pairs, not_acquired="non_match")).folds[4].accuracy == 0.5


def test_accuracy_is_given_for_exactly_ten_folds_and_both_kinds_of_pairs() -> None:
    n = 20
    score, mated = np.arange(n, dtype=float), np.arange(n) >= 10
    yes = np.ones(n, dtype=bool)
    assert accuracy_10fold(ScoreSet(score, mated, yes)) == InsufficientData("the pairs have no folds")
    assert isinstance(accuracy_10fold(ScoreSet(score, mated, yes, np.arange(n) % 5)), InsufficientData)
    assert isinstance(accuracy_10fold(ScoreSet(score, yes, yes, np.arange(n) % 10)), InsufficientData)


def test_an_unusable_grid_is_refused() -> None:
    pairs = ten_folds(np.full(10, 3.0), np.full(10, 1.0))
    with pytest.raises(ValueError, match="empty"):
        accuracy_10fold(pairs, thresholds=np.array([]))
    with pytest.raises(ValueError, match="row 0 is nan"):
        accuracy_10fold(pairs, thresholds=np.array([np.nan]))


def test_pairs_decided_at_the_thresholds_of_their_folds_add_up_to_the_accuracy() -> None:
    pairs = ten_folds(np.array([10.0] * 9 + [5]), np.ones(10))
    found = accuracy_of(accuracy_10fold(pairs))
    correct = correct_10fold(pairs, found)
    assert np.flatnonzero(~correct).tolist() == [18]
    assert np.count_nonzero(~correct) == found.error.errors
    with pytest.raises(ValueError, match="other folds"):
        correct_10fold(ScoreSet.of([1], [0]), found)


def test_the_optimistic_accuracy_is_the_best_any_threshold_reaches() -> None:
    # by hand: thresholds 1 2 3 4 5 5+ make 3 2 1 2 2 3 errors -> 5/6 at 3
    found = optimistic_accuracy(ScoreSet.of([3, 4, 5], [1, 2, 5]))
    assert found == OptimisticAccuracy(5 / 6, 3, 0, 1, 6)
    assert isinstance(optimistic_accuracy(ScoreSet.of([], [1])), InsufficientData)


def test_the_optimistic_accuracy_is_never_below_the_protocol() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        pairs = ten_folds(rng.normal(1, 1, 10), rng.normal(0, 1, 10))
        best = optimistic_accuracy(pairs)
        assert isinstance(best, OptimisticAccuracy)
        assert accuracy_of(accuracy_10fold(pairs)).mean <= best.value + 1e-12
