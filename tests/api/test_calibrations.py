"""What the API tells of a pack's calibration: thresholds, and how the scores of the run are spread."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from core.evaluations.calibrations import Calibration, CalibrationStore
from core.evaluations.run_scores import RunScores
from core.packs.catalogue import Pack, directory_identity
from core.standing import Point
from core.storage.connection import connect
from tests.support.servers import S3_KEYS, Servers, settings_of

WHERE = "/v1/packs/opencv-zoo/calibration"


@pytest.fixture
def api(redis_server: Servers, zoo_directory: Path) -> FlaskClient:
    """It asks Redis alone: nothing is at the object store's address."""
    nowhere = {"LIKENESS_S3_ENDPOINT": "http://127.0.0.1:1", "LIKENESS_PACKS_DIR": str(zoo_directory.parent)}
    return create_app(settings_of({**redis_server.where, **S3_KEYS, **nowhere})).test_client()


@pytest.fixture
def made(zoo: Pack) -> Calibration:
    points = (Point(0.1, 0.4, 1, 4, 0.01, 0.1, None), Point(0.01, None, None, None, None, None, "too few"))
    return Calibration(zoo.name, directory_identity(zoo).digest, "run_x", "own", "d", 640, 1_700_000_000.0, points)


def test_a_pack_that_no_run_has_calibrated_says_so(api: FlaskClient) -> None:
    answer = api.get(WHERE)
    assert answer.status_code == 200
    told = answer.get_json()
    assert told["pack"] == "opencv-zoo"
    assert {told[name] for name in ("calibration", "made_at", "scores", "operating_point")} == {None}
    assert len(told["digest"]) == 64


def test_a_calibrated_pack_has_its_points_and_the_scores_of_the_run_in_bins(
    api: FlaskClient, redis_server: Servers, made: Calibration
) -> None:
    store = CalibrationStore(redis_server.settings.redis)
    store.put(made, RunScores.of(non_mated=[-0.5, 0.01, 0.015, 0.3], mated=[0.41, 1.0]))
    told = api.get(WHERE).get_json()
    assert (told["calibration"]["run_id"], told["made_at"]) == ("run_x", "2023-11-14T22:13:20.000Z")
    assert [point["target"] for point in told["calibration"]["points"]] == [0.1, 0.01]
    scores = told["scores"]
    assert (scores["edges"][0], scores["edges"][50], scores["edges"][-1]) == (-1, 0, 1)
    assert {scores["edges"][n]: count for n, count in enumerate(scores["non_mated"]) if count} == {
        -0.5: 1,
        0: 2,
        0.3: 1,
    }
    assert {scores["edges"][n]: count for n, count in enumerate(scores["mated"]) if count} == {0.4: 1, 0.98: 1}


@pytest.mark.parametrize(
    ("query", "threshold", "false_matches", "false_non_matches"),
    [("", 0.363, 1, 1), ("?threshold=0.4", 0.4, 1, 2), ("?threshold=0.41", 0.41, 0, 3), ("?threshold=-1", -1, 4, 0)],
)
def test_the_errors_at_a_threshold_are_counted_to_the_last_score(
    api: FlaskClient,
    redis_server: Servers,
    made: Calibration,
    query: str,
    threshold: float,
    false_matches: int,
    false_non_matches: int,
) -> None:
    scores = RunScores.of(non_mated=[-0.5, 0.01, 0.3, 0.4], mated=[0.2, 0.363, 0.4, 0.41])
    CalibrationStore(redis_server.settings.redis).put(made, scores)
    assert api.get(WHERE + query).get_json()["operating_point"] == {
        "threshold": threshold,
        "false_matches": false_matches,
        "non_mated": 4,
        "false_non_matches": false_non_matches,
        "mated": 4,
    }


@pytest.mark.parametrize(
    ("threshold", "code"),
    [("much", "threshold_invalid"), ("nan", "threshold_invalid"), ("1.1", "threshold_out_of_range")],
)
def test_a_threshold_that_is_none_is_refused(api: FlaskClient, threshold: str, code: str) -> None:
    answer = api.get(f"{WHERE}?threshold={threshold}")
    assert answer.status_code == 422
    assert [error["code"] for error in answer.get_json()["errors"]] == [code]


def test_scores_that_were_not_kept_or_cannot_be_read_leave_the_points(
    api: FlaskClient, redis_server: Servers, made: Calibration
) -> None:
    CalibrationStore(redis_server.settings.redis).put(made)
    for text in (None, "of a version to come"):
        if text:
            connect(redis_server.settings.redis).set("calibration-scores:run_x", text)
        told = api.get(WHERE)
        assert told.status_code == 200
        assert told.get_json()["scores"] is None
        assert told.get_json()["operating_point"] is None
        assert told.get_json()["calibration"]["run_id"] == "run_x"


def test_a_pack_that_is_not_served_is_not_found(api: FlaskClient) -> None:
    answer = api.get("/v1/packs/nothing/calibration")
    assert answer.status_code == 404
    assert "'nothing'" in answer.get_json()["detail"]
    assert "opencv-zoo" in answer.get_json()["detail"]
