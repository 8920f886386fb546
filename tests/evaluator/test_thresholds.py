"""The thresholds that a run gives its pack are told, weighed against those in force, and then taken."""

from dataclasses import replace

from flask.testing import FlaskClient

from core.evaluations.calibrations import CalibrationStore
from core.evaluations.runs import Run
from evaluator.runs.inquiring import Inquiries
from tests.evaluator.conftest import RUNS, Bench, api


def test_thresholds_are_told_before_they_are_taken_and_then_in_force(
    bench: Bench, asked: FlaskClient, pair: tuple[Run, Run]
) -> None:
    path = f"{RUNS}/{pair[0].id}/calibration"
    before = asked.get(path).get_json()
    assert (before["run_id"], before["pack"], before["in_force"], before["is_in_force"]) == (
        *(pair[0].id, bench.pack.name),
        *(None, False),
    )
    assert before["refused"] is None
    tenth = before["calibration"]["points"][0]
    assert (tenth["target"], tenth["trials"]) == (0.1, 276)
    store, digest = CalibrationStore(bench.settings.redis), before["pack_digest"]
    assert store.get(digest) is None, "to look changes nothing"

    taken = asked.post(path, json={})
    assert taken.status_code == 200, taken.text
    assert (taken.get_json()["is_in_force"], taken.get_json()["in_force"]["run_id"]) == (True, pair[0].id)
    kept = store.get(digest)
    assert kept is not None
    assert (kept.run_id, kept.points[0].threshold) == (pair[0].id, tenth["threshold"])
    scores = store.scores(pair[0].id)
    assert scores is not None
    assert (len(scores.non_mated), len(scores.mated)) == (276, 24)
    other = asked.get(f"{RUNS}/{pair[1].id}/calibration").get_json()
    assert (other["in_force"]["run_id"], other["is_in_force"], other["refused"]) == (pair[0].id, False, None)


def test_thresholds_that_rest_on_less_are_taken_only_where_that_is_said(
    bench: Bench, asked: FlaskClient, pair: tuple[Run, Run]
) -> None:
    store = CalibrationStore(bench.settings.redis)
    asked.post(f"{RUNS}/{pair[0].id}/calibration", json={})
    digest = asked.get(f"{RUNS}/{pair[0].id}/calibration").get_json()["pack_digest"]
    larger = store.get(digest)
    assert larger is not None
    points = tuple(replace(point, trials=100_000) for point in larger.points)
    store.put(replace(larger, run_id="run_of_more", points=points))
    path = f"{RUNS}/{pair[1].id}/calibration"
    assert asked.get(path).get_json()["refused"]["code"] == "calibration_smaller"
    refused = asked.post(path, json={"replace": False})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "calibration_smaller")
    assert asked.post(path, json={"replace": "maybe"}).get_json()["code"] == "replace_invalid"
    assert asked.post(path, json={"force": True}).get_json()["code"] == "field_unknown"
    assert asked.post(path, json={"replace": True}).get_json()["in_force"]["run_id"] == pair[1].id


def test_a_run_that_scored_otherwise_than_comparisons_gives_no_thresholds(
    bench: Bench, evaluator: Inquiries, pair: tuple[Run, Run]
) -> None:
    client, path = api(bench.settings.but(detection_size=640), evaluator.answer), f"{RUNS}/{pair[0].id}/calibration"
    told = client.get(path).get_json()["refused"]
    assert told["code"] == "run_unfit"
    assert "LIKENESS_DETECTION_SIZE was 320, here it is 640" in told["detail"]
    refused = client.post(path, json={"replace": True})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "run_unfit")
