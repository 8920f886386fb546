import numpy as np
import pytest

from evaluator.metrics import ScoreSet, auc, fmr, fnmr


def test_scores_of_pairs_that_were_not_acquired_are_in_neither_array() -> None:
    pairs = ScoreSet(
        score=np.array([0.9, np.nan, 0.2, np.nan]),
        mated=np.array([True, True, False, False]),
        acquired=np.array([True, False, True, False]),
    )
    assert pairs.mated_scores.tolist() == [0.9]
    assert pairs.non_mated_scores.tolist() == [0.2]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_a_finite_number_is_refused_with_its_row(bad: float) -> None:
    with pytest.raises(ValueError, match=r"row 1 is -?(nan|inf)"):
        ScoreSet(np.array([0.5, bad]), np.array([True, False]), np.array([True, True]))
    with pytest.raises(ValueError, match="non-mated scores: row 1"):
        fmr([0.5, bad], 0.5)
    with pytest.raises(ValueError, match="mated scores: row 1"):
        auc([0.5, bad], [0.1])


def test_a_marker_such_as_minus_one_is_not_taken_for_the_score_of_a_failed_pair() -> None:
    with pytest.raises(ValueError, match=r"row 0 is -1\.0, but one not acquired has no score"):
        ScoreSet(np.array([-1.0, 0.5]), np.array([True, False]), np.array([False, True]))


def test_columns_of_different_lengths_are_refused() -> None:
    yes = np.array([True, True])
    with pytest.raises(ValueError, match="score: shape"):
        ScoreSet(np.array([0.5]), yes, yes)
    with pytest.raises(ValueError, match="mated: shape"):
        ScoreSet(np.array([0.5, 0.6]), yes[:1], yes)
    with pytest.raises(ValueError, match="fold: shape"):
        ScoreSet(np.array([0.5, 0.6]), yes, yes, fold=np.array([1]))
    with pytest.raises(ValueError, match="group: shape"):
        ScoreSet(np.array([0.5, 0.6]), yes, yes, group=np.array(["a"]))
    with pytest.raises(ValueError, match=r"shape must be \(n,\)"):
        fnmr([[0.5, 0.6]], 0.5)


def test_no_pairs_at_all_are_refused() -> None:
    with pytest.raises(ValueError, match="there are no pairs"):
        ScoreSet.of([], [])


def test_numbers_are_not_taken_for_booleans() -> None:
    with pytest.raises(ValueError, match="mated: must be booleans"):
        ScoreSet(np.array([0.5]), np.array([1]), np.array([True]))
    with pytest.raises(ValueError, match="acquired: must be booleans"):
        ScoreSet(np.array([0.5]), np.array([True]), np.array([[True]]))


def test_fold_labels_are_integers() -> None:
    yes = np.array([True])
    with pytest.raises(ValueError, match="fold: must be integers, not float64"):
        ScoreSet(np.array([0.5]), yes, yes, fold=np.array([1.0]))


def test_a_score_set_neither_changes_nor_follows_its_input() -> None:
    score = np.array([0.9, 0.1])
    pairs = ScoreSet(score, np.array([True, False]), np.array([True, True]))
    score[0] = 0.0
    assert pairs.score[0] == 0.9
    with pytest.raises(ValueError, match="read-only"):
        pairs.score[0] = 0.0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_threshold_that_is_not_a_finite_number_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="decision threshold"):
        fmr([0.5], bad)
    with pytest.raises(ValueError, match="decision threshold"):
        fnmr([0.5], bad)
    with pytest.raises(ValueError, match="decision threshold"):
        ScoreSet.of([0.5], [0.5]).correct(bad)
