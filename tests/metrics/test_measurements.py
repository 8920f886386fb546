import json
import time
from typing import Any

import numpy as np
import pytest

from evaluator.metrics import Measurements, ScoreSet, measure, to_dict


def lfw_like(pairs: int = 6000, failures: int = 0) -> ScoreSet:
    rng = np.random.default_rng(1)
    mated = np.arange(pairs) // (pairs // 20) % 2 == 0
    score = np.where(mated, rng.normal(0.7, 0.12, pairs), rng.normal(0.1, 0.12, pairs))
    acquired = np.arange(pairs) >= failures
    return ScoreSet(
        np.where(acquired, score, np.nan),
        mated,
        acquired,
        fold=np.arange(pairs) // (pairs // 10),
        group=np.where(np.arange(pairs) % 3 == 0, "a", "b"),
    )


def rates_in(data: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    if isinstance(data, list):
        return [found for i, item in enumerate(data) for found in rates_in(item, f"{path}[{i}]")]
    if not isinstance(data, dict):
        return []
    if "errors" in data:
        return [(path, data)]
    return [found for key, item in data.items() for found in rates_in(item, f"{path}.{key}")]


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    pairs = lfw_like(failures=30)
    images = np.arange(7701) >= 9
    return to_dict(measure(pairs, images_acquired=images, threshold=0.4), curve=True)


def test_the_names_that_reports_and_gates_rely_on_exist(data: dict[str, Any]) -> None:
    assert 0.9 < data["accuracy_10fold"]["mean"] <= 1
    assert data["accuracy_10fold"]["std"] >= 0
    assert len(data["accuracy_10fold"]["folds"]) == 10
    assert data["accuracy_10fold_with_fta"]["mean"] < data["accuracy_10fold"]["mean"]
    assert (data["fta"]["images"], data["fta"]["image_rate"]["trials"]) == (9, 7701)
    assert [p["target"] for p in data["fnmr_at_fmr"]] == [0.1, 0.01, 0.001, 0.0001]
    assert set(data["groups"]) == {"a", "b"}
    assert set(data) == set(Measurements.__dataclass_fields__)


def test_every_rate_carries_errors_trials_and_interval(data: dict[str, Any]) -> None:
    found = rates_in(data)
    assert len(found) > 30
    for path, rate in found:
        assert set(rate) == {"errors", "trials", "value", "low", "high", "upper", "confidence"}, path
        assert 0 <= rate["low"] <= rate["value"] <= rate["upper"] <= rate["high"] <= 1, path
        assert rate["value"] == rate["errors"] / rate["trials"], path


def test_the_data_is_plain_json(data: dict[str, Any]) -> None:
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_pairs_and_completed_trials_are_counted_apart() -> None:
    score = np.array([0.9, np.nan, 0.8, 0.1, np.nan])
    found = to_dict(measure(ScoreSet(score, np.arange(5) < 3, ~np.isnan(score))))
    assert found["trials"] == {
        "mated_pairs": 3,
        "non_mated_pairs": 2,
        "mated_trials": 2,
        "non_mated_trials": 1,
    }


def test_a_refused_figure_is_a_reason_under_its_own_name(data: dict[str, Any]) -> None:
    refused = data["fnmr_at_fmr"][3]
    assert set(refused) == {"target", "insufficient_data"}
    assert "needs at least 29956 non-mated trials" in refused["insufficient_data"]
    assert data["fnmr_at_fmr"][0]["far"]["trials"] == 3000

    bare = to_dict(measure(ScoreSet.of([0.9], [])))
    for name in ("accuracy_10fold", "accuracy_10fold_with_fta", "optimistic_accuracy", "eer"):
        assert list(bare[name]) == ["insufficient_data"]  # type: ignore[call-overload]
    for name in ("auc", "d_prime", "at_threshold", "groups"):
        assert list(bare[name]) == ["insufficient_data"]  # type: ignore[call-overload]


def test_a_run_in_which_nothing_was_acquired_is_still_measured() -> None:
    no = np.zeros(20, dtype=bool)
    found = to_dict(measure(ScoreSet(np.full(20, np.nan), np.arange(20) < 10, no, np.arange(20) % 10)))
    assert found["fta"]["pair_rate"]["value"] == 1  # type: ignore[index]
    assert found["eer"] == {"insufficient_data": "there are no mated trials"}


def test_the_curve_comes_on_demand_and_as_corners(data: dict[str, Any]) -> None:
    assert "curve" not in to_dict(measure(ScoreSet.of([1], [0])))
    curve = data["curve"]
    assert len(curve["thresholds"]) == len(curve["false_matches"]) < 2000
    assert (curve["false_matches"][0], curve["false_non_matches"][-1]) == (
        curve["non_mated_trials"],
        curve["mated_trials"],
    )


def test_six_thousand_pairs_take_well_under_a_second() -> None:
    pairs = lfw_like()
    started = time.process_time()
    measure(pairs, threshold=0.4)
    assert time.process_time() - started < 0.5
