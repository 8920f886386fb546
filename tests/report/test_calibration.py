import json
from collections.abc import Callable

import numpy as np
import pytest

from evaluator.metrics import InsufficientData
from evaluator.report import ScoreTable, calibrate

MakeTable = Callable[..., ScoreTable]


def test_each_threshold_is_the_smallest_that_keeps_its_promise(lfw_sized: MakeTable) -> None:
    table = lfw_sized()
    scored = [(row.score, row.mated) for row in table.rows if row.score is not None]
    non_mated = np.array([score for score, mated in scored if not mated])
    mated = np.array([score for score, mated in scored if mated])
    for point in calibrate(table).to_json()["points"][:3]:
        threshold, target = point["threshold"], point["target"]
        errors = int((non_mated >= threshold).sum())
        assert point["fmr"]["errors"] == errors <= 3000 * target
        assert point["fnmr"]["errors"] == int((mated < threshold).sum())
        lower = max(score for score, _ in scored if score < threshold)
        assert (non_mated >= lower).sum() > 3000 * target


def test_a_target_that_the_pairs_cannot_carry_is_refused_with_the_reason(lfw_sized: MakeTable) -> None:
    found = calibrate(lfw_sized())
    assert [point["target"] for point in found.to_json()["points"]] == [0.1, 0.01, 0.001, 0.0001]
    refused = found.threshold_at(1e-4)
    assert isinstance(refused, InsufficientData)
    assert "needs at least 29956 non-mated trials, there are 3000" in refused.reason
    assert isinstance(found.threshold_at(1e-3), float)
    with pytest.raises(KeyError):
        found.threshold_at(0.5)


def test_with_insufficient_data_every_target_is_refused(by_hand: ScoreTable) -> None:
    data = calibrate(by_hand).to_json()
    assert all("insufficient_data" in point for point in data["points"])
    assert (data["mated_trials"], data["non_mated_trials"]) == (10, 9)


def test_a_calibration_is_plain_data(lfw_sized: MakeTable) -> None:
    data = calibrate(lfw_sized(), targets=(0.02,)).to_json()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["points"][0]["fmr"]["errors"] == 60
