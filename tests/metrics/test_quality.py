import numpy as np
import pytest

from evaluator.metrics import DiscardCurve, InsufficientData, Rate, ScoreSet, by_quality, discard_curve


def curve_of(mated: list[float], quality: list[float], shares: tuple[float, ...]) -> DiscardCurve:
    curve = discard_curve(mated, quality, 0.5, shares)
    assert isinstance(curve, DiscardCurve)
    return curve


def test_a_measure_that_knows_the_errors_lets_them_go_first_and_one_that_does_not_keeps_them() -> None:
    mated = [0.1] * 5 + [0.9] * 95
    knows = curve_of(mated, list(range(100)), (0.0, 0.05, 0.5))
    assert knows.errors.tolist() == [5, 0, 0]
    wrong = curve_of(mated, list(range(100, 0, -1)), (0.0, 0.05, 0.5))
    assert wrong.errors.tolist() == [5, 5, 5]
    assert wrong.fnmr[-1] == 5 / 50


def test_equal_qualities_stay_together_so_that_at_most_the_share_is_discarded() -> None:
    curve = curve_of([0.9] * 10, [1.0] * 3 + [2.0] * 7, (0.0, 0.2, 0.3, 0.4, 0.9))
    assert curve.discarded.tolist() == [0, 0, 3, 3, 3]
    assert (curve.discarded + curve.trials).tolist() == [10] * 5


def test_the_order_of_pairs_does_not_matter() -> None:
    random = np.random.default_rng(2)
    mated, quality = random.random(200), random.integers(0, 9, 200).astype(float)
    order = random.permutation(200)
    one, other = discard_curve(mated, quality, 0.3), discard_curve(mated[order], quality[order], 0.3)
    assert isinstance(one, DiscardCurve)
    assert isinstance(other, DiscardCurve)
    assert one.errors.tolist() == other.errors.tolist()
    assert one.discarded.tolist() == other.discarded.tolist()


def test_without_mated_pairs_there_is_no_curve() -> None:
    assert isinstance(discard_curve([], [], 0.5), InsufficientData)


@pytest.mark.parametrize(
    ("quality", "shares", "message"),
    [([1.0], (0.0,), "shape"), ([1.0, np.nan], (0.0,), "finite"), ([1.0, 2.0], (1.0,), "share")],
)
def test_what_cannot_be_ranked_is_an_error(quality: list[float], shares: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        discard_curve([0.1, 0.9], quality, 0.5, shares)


def test_every_pair_with_a_quality_is_in_one_bin_and_its_lower_end_is_included() -> None:
    scores = ScoreSet.of([0.1, 0.9, 0.9, 0.9], [0.9, 0.1])
    bins = by_quality(scores, np.array([1.0, 2.0, 3.0, np.nan, 2.0, 1.0]), [2.0], 0.5)
    assert [(b.low, b.high) for b in bins] == [(None, 2.0), (2.0, None)]
    counted = [
        (b.fmr.errors, b.fmr.trials, b.fnmr.errors, b.fnmr.trials)
        for b in bins
        if isinstance(b.fmr, Rate) and isinstance(b.fnmr, Rate)
    ]
    assert counted == [(0, 1, 1, 1), (1, 1, 0, 2)]
    assert all(b.few_mated_trials and b.few_non_mated_trials for b in bins)
