"""From a run's report and scores to the pack's thresholds, and what is not made into any."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.evaluations.calibrations import CalibrationEmpty
from core.evaluations.pipeline import Pipeline
from core.evaluations.runs import Progress, Run, RunRequest
from core.evaluations.scoring import Scoring
from core.evaluations.thresholds import RunUnfit
from core.packs.catalogue import Pack, find_pack
from core.settings.groups import EngineSettings
from core.standing import Tally
from core.storage.lifecycle import Status
from core.vocabulary import EngineFacts, Policy, Track
from evaluator.metrics import fmr_kept, operating_point
from evaluator.report import ScoreRow, ScoreTable
from evaluator.runs.calibrating import calibration_from, scores_of

ZOO = find_pack("opencv-zoo")
RUN = Run(
    id="run_x",
    status=Status.SUCCEEDED,
    version=3,
    created_at=0.0,
    changed_at=0.0,
    request=RunRequest("own", "d", Track.RAW, ZOO.name, False, Policy.LARGEST, 640, 4000, 2000, 1),
    progress=Progress(1, 4000),
)


def running() -> tuple[EngineFacts, ...]:
    """No worker is there."""
    return ()


@pytest.fixture
def scoring() -> Scoring:
    return Scoring(EngineSettings(), running)


@pytest.fixture
def table() -> ScoreTable:
    scores = np.random.default_rng(3).normal(0, 0.1, 1000).tolist()
    return ScoreTable(tuple(ScoreRow(f"a{n}", f"b{n}", False, score) for n, score in enumerate(scores)))


def report_of(pipeline: Pipeline) -> dict[str, Any]:
    """What matters of it: the pipeline as planned, and the provider that the workers had."""
    planned = {name: getattr(pipeline, name) for name in Pipeline.__dataclass_fields__}
    return {"pipeline": planned | {"provider": "auto", "how": "in words"}, "engine": {"provider": "cpu"}}


def pipeline_of(scoring: Scoring, pack: Pack = ZOO, policy: Policy = Policy.LARGEST) -> Pipeline:
    (pipeline,) = scoring.of(pack, policy)
    return pipeline


def test_a_calibration_has_the_thresholds_the_limits_and_how_its_run_scored(
    scoring: Scoring, table: ScoreTable
) -> None:
    pipeline = pipeline_of(scoring)
    made = calibration_from(RUN, report_of(pipeline), table, ZOO, scoring)
    assert made.pipeline == replace(pipeline, provider="cpu"), "the provider that ran, not the one that was asked for"
    made.require_fit(scoring.of(ZOO, Policy.LARGEST))
    tenth, hundredth, thousandth, _ = made.points
    found = fmr_kept(table.score_set, 0.1)
    assert (tenth.threshold, tenth.refused) == (getattr(found, "threshold", None), None)
    for point in (tenth, hundredth):
        assert point.low is not None
        assert point.high is not None
        assert point.low < point.high <= point.target, "what is promised lies within what is printed"
        assert point.threshold is not None
        assert getattr(operating_point(table.score_set, point.threshold).fmr, "errors", None) == point.errors
    assert "needs at least 2995 non-mated trials, there are 1000" in (thousandth.refused or "")


def test_a_run_that_shows_no_threshold_is_refused_and_a_list_that_would_do_is_named(scoring: Scoring) -> None:
    tiny = ScoreTable(tuple(ScoreRow(f"a{n}", f"b{n}", False, n / 28) for n in range(28)))
    with pytest.raises(CalibrationEmpty, match=r"run_x on own .* at least 29 non-mated trials, there are 28.* of LFW"):
        calibration_from(RUN, report_of(pipeline_of(scoring)), tiny, ZOO, scoring)


def test_non_mated_scores_alone_are_enough_and_the_mated_ones_change_nothing(
    scoring: Scoring, table: ScoreTable
) -> None:
    report = report_of(pipeline_of(scoring))
    alone = calibration_from(RUN, report, table, ZOO, scoring).points
    mated = tuple(ScoreRow(f"c{n}", f"d{n}", True, n / 100) for n in range(100))
    assert calibration_from(RUN, report, ScoreTable((*table.rows, *mated)), ZOO, scoring).points == alone


def test_the_scores_that_are_kept_count_what_the_thresholds_count(scoring: Scoring, table: ScoreTable) -> None:
    mated = tuple(ScoreRow(f"c{n}", f"d{n}", True, n / 100) for n in range(100))
    lost = ScoreRow("nobody", "a1", True, None, reference_failure="no_face")
    whole = ScoreTable((*table.rows, *mated, lost))
    scores = scores_of(whole)
    for point in calibration_from(RUN, report_of(pipeline_of(scoring)), whole, ZOO, scoring).points[:2]:
        assert point.threshold is not None
        assert point.errors is not None
        assert scores.as_high(point.threshold) == Tally(1000, point.errors)
    assert scores.as_low(0.5) == Tally(100, 51), "a tie is as low; what was not compared is not among them"


def test_a_run_with_another_policy_or_provider_may_be_wanted_by_name(scoring: Scoring, table: ScoreTable) -> None:
    pipeline = pipeline_of(scoring, policy=Policy.MOST_CENTRAL)
    made = calibration_from(RUN, report_of(pipeline), table, ZOO, scoring)
    made.require_fit(scoring.of(ZOO, Policy.MOST_CENTRAL))


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("track", Track.ALIGNED, "comparisons are raw, without flip"),
        ("flip", True, "comparisons are raw, without flip"),
        ("detection_size", 320, "LIKENESS_DETECTION_SIZE was 320, here it is 640"),
        ("detection_threshold", 0.3, "LIKENESS_DETECTION_THRESHOLD was 0.3"),
        ("min_face_px", 200, "LIKENESS_MIN_FACE_PX was 200"),
        ("clear_detection_score", 0.0, "clear_detection_score was 0.0"),
        ("pack_digest", "another", "the pack's files was another"),
        ("version", 1, "version of Likeness"),
    ],
)
def test_a_run_that_scored_otherwise_than_the_service_makes_no_thresholds(
    scoring: Scoring, table: ScoreTable, field: str, value: object, says: str
) -> None:
    changed: Any = {field: value}
    with pytest.raises(RunUnfit, match=says):
        calibration_from(RUN, report_of(replace(pipeline_of(scoring), **changed)), table, ZOO, scoring)


def test_the_limit_over_people_stands_beside_the_promise_where_they_are_known(
    scoring: Scoring, table: ScoreTable
) -> None:
    run_report = report_of(pipeline_of(scoring))
    unknown = calibration_from(RUN, run_report, table, ZOO, scoring)
    assert {point.high_over_people for point in unknown.points} == {None}
    rows = (
        replace(row, reference_subject=f"p{n % 40}", probe_subject=f"p{(n % 40 + 1 + n // 40) % 40}")
        for n, row in enumerate(table.rows)
    )
    known = calibration_from(RUN, run_report, ScoreTable(tuple(rows)), ZOO, scoring)
    shown = [point for point in known.points if point.threshold is not None]
    assert [point.threshold for point in shown] == [point.threshold for point in unknown.points if point.threshold]
    for point in shown:
        assert point.high is not None
        assert point.high_over_people is not None
        assert point.high <= point.target
        assert point.high < point.high_over_people, "40 people are fewer than 1000 strangers"
