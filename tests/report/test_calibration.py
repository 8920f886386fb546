from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest

from evaluator.metrics import InsufficientData, OperatingPoint, Rate
from evaluator.report import ScoreTable, calibrate

MakeTable = Callable[..., ScoreTable]


def test_each_threshold_is_the_smallest_whose_limit_keeps_the_target_whatever_the_mated_scores(
    lfw_sized: MakeTable,
) -> None:
    table = lfw_sized()
    non_mated = np.array([row.score for row in table.rows if not row.mated])
    mated = np.array([row.score for row in table.rows if row.mated])
    allowed = {0.1: 272, 0.01: 20, 0.001: 0}
    for targeted in calibrate(table)[:3]:
        point, errors = targeted.point, allowed[targeted.target]
        assert isinstance(point, OperatingPoint)
        assert errors_of(point.fmr) == errors == int((non_mated >= point.threshold).sum())
        assert errors_of(point.fnmr) == int((mated < point.threshold).sum())
        below = np.nextafter(point.threshold, -1)
        assert (non_mated >= below).sum() == errors + 1, "any lower and one more of them matches"
        assert limit(errors) <= targeted.target < limit(errors + 1)
    assert [p.point.threshold for p in calibrate(lfw_sized(0.3))[:3] if isinstance(p.point, OperatingPoint)] == [
        p.point.threshold for p in calibrate(table)[:3] if isinstance(p.point, OperatingPoint)
    ]


def limit(errors: int, trials: int = 3000) -> float:
    """By scipy: the one-sided 95 % Clopper-Pearson limit."""
    return float(binomtest(errors, trials, alternative="less").proportion_ci(0.95, "exact").high)


def errors_of(rate: Rate | InsufficientData) -> int:
    assert isinstance(rate, Rate)
    return rate.errors


def test_a_target_that_the_pairs_cannot_carry_is_refused_with_the_reason(lfw_sized: MakeTable) -> None:
    points = calibrate(lfw_sized())
    assert [point.target for point in points] == [0.1, 0.01, 0.001, 0.0001]
    assert isinstance(points[2].point, OperatingPoint)
    refused = points[3].point
    assert isinstance(refused, InsufficientData)
    assert "needs at least 29956 non-mated trials, there are 3000" in refused.reason


def test_with_insufficient_data_every_target_is_refused(by_hand: ScoreTable) -> None:
    assert all(isinstance(point.point, InsufficientData) for point in calibrate(by_hand))


def test_the_targets_are_those_asked_for_and_lie_between_0_and_1(lfw_sized: MakeTable) -> None:
    (found,) = calibrate(lfw_sized(), targets=(0.02,))
    assert found.target == 0.02
    assert isinstance(found.point, OperatingPoint)
    assert errors_of(found.point.fmr) == 47
    with pytest.raises(ValueError, match="target"):
        calibrate(lfw_sized(), targets=(1.0,))
