"""Runs are held against each other by what they left behind: their reports and their scores."""

from dataclasses import replace

import pytest

from evaluator.report import (
    FinishedRun,
    RunFacts,
    RunsNotComparable,
    ScoreTable,
    as_text,
    build_report,
    compare_runs,
    report_bytes,
)


def finished(facts: RunFacts, table: ScoreTable, name: str) -> FinishedRun:
    return FinishedRun.read(report_bytes(build_report(replace(facts, run_id=name), table)), table.csv)


def test_runs_decide_at_the_threshold_of_their_pack_unless_another_is_given(facts: RunFacts, good: ScoreTable) -> None:
    runs = [finished(facts, good, name) for name in ("run_a", "run_b")]
    found = compare_runs(runs)
    assert [(run["run"], run["pack"], run["threshold"]) for run in found["runs"]] == [
        ("run_a", "opencv-zoo", 0.363),
        ("run_b", "opencv-zoo", 0.363),
    ]
    assert found["dataset"]["name"] == "lfw"
    assert [run["threshold"] for run in compare_runs(runs, thresholds=(None, 0.95))["runs"]] == [0.363, 0.95]
    assert compare_runs(runs, thresholds=(None, 0.95))["regression"] is True


def test_runs_on_other_data_sets_are_refused_and_other_pipelines_are_named(facts: RunFacts, good: ScoreTable) -> None:
    run = finished(facts, good, "run_a")
    elsewhere = replace(facts, dataset=replace(facts.dataset, name="cfp-ff", digest="0" * 64))
    with pytest.raises(RunsNotComparable, match=r"run_a is on lfw \(digest eeeeeeeeeeee\) and run_b on cfp-ff"):
        compare_runs([run, finished(elsewhere, good, "run_b")])
    larger = replace(facts, pipeline=replace(facts.pipeline, detection_size=640))
    found = compare_runs([run, finished(larger, good, "run_b")])
    assert found["runs"][1]["differs"] == ["LIKENESS_DETECTION_SIZE: 320 in A, 640 here"]
    assert "differs from A in LIKENESS_DETECTION_SIZE: 320 in A, 640 here" in as_text(found)


def test_a_report_and_scores_that_do_not_belong_together_are_refused(
    facts: RunFacts, good: ScoreTable, by_hand: ScoreTable
) -> None:
    report = build_report(facts, good)
    with pytest.raises(RunsNotComparable, match=r"report of run run_1 was made from another scores\.csv"):
        FinishedRun.read(report_bytes(report), by_hand.csv)
    for body, says in ((b"{", "must be JSON"), (b"[]", "must be a JSON object; found a list")):
        with pytest.raises(RunsNotComparable, match=says):
            FinishedRun.read(body, good.csv)
    with pytest.raises(RunsNotComparable, match="schema_version must be 1; found 2"):
        FinishedRun.read(report_bytes(report | {"schema_version": 2}), good.csv)
