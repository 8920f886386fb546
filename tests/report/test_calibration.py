from collections.abc import Callable

import numpy as np
import pytest

from evaluator.metrics import InsufficientData, OperatingPoint, Rate
from evaluator.report import ScoreTable, calibrate

MakeTable = Callable[..., ScoreTable]


def test_each_threshold_is_the_smallest_that_keeps_its_promise(lfw_sized: MakeTable) -> None:
    table = lfw_sized()
    scored = [(row.score, row.mated) for row in table.rows if row.score is not None]
    non_mated = np.array([score for score, mated in scored if not mated])
    mated = np.array([score for score, mated in scored if mated])
    for targeted in calibrate(table)[:3]:
        point = targeted.point
        assert isinstance(point, OperatingPoint)
        errors = int((non_mated >= point.threshold).sum())
        assert errors_of(point.fmr) == errors <= 3000 * targeted.target
        assert errors_of(point.fnmr) == int((mated < point.threshold).sum())
        lower = max(score for score, _ in scored if score < point.threshold)
        assert (non_mated >= lower).sum() > 3000 * targeted.target


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
    assert errors_of(found.point.fmr) == 60
    with pytest.raises(ValueError, match="target"):
        calibrate(lfw_sized(), targets=(1.0,))
