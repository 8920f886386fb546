import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from evaluator.report import RunFacts, ScoreFileInvalid, ScoreTable, build_report, recompute, report_bytes

MakeTable = Callable[..., ScoreTable]


def test_every_metric_of_a_report_follows_from_its_score_file(
    by_hand: ScoreTable, lfw_sized: MakeTable, facts: RunFacts
) -> None:
    grouped = ScoreTable(tuple(replace(r, groups=(r.reference[0], "x")) for r in by_hand.rows), ("first", "second"))
    of_people = ScoreTable(lfw_sized(people=400).rows[::10])
    for table in (by_hand, grouped, lfw_sized(), lfw_sized(folds=False), lfw_sized(fail=True), of_people):
        report = build_report(facts, table)
        assert report["metrics"] == recompute(table.csv, 0.363)
        assert json.loads(report_bytes(report))["metrics"] == recompute(table.csv, 0.363)


def test_the_command_in_the_report_names_its_threshold(by_hand: ScoreTable, facts: RunFacts) -> None:
    report = build_report(facts, by_hand)
    command, threshold = report["recompute"].rsplit(" ", 1)
    assert command == "likeness evaluate recompute scores.csv --threshold"
    assert report["metrics"] == recompute(by_hand.csv, float(threshold))


def test_without_a_threshold_what_needs_one_is_refused_and_the_rest_is_there(by_hand: ScoreTable) -> None:
    found = recompute(by_hand.csv)
    assert found["at_threshold"] == {"insufficient_data": "no decision threshold was given"}
    assert "mean" in json.dumps(found["accuracy_10fold"])


def test_a_damaged_file_gives_its_line_and_no_numbers(by_hand: ScoreTable) -> None:
    with pytest.raises(ScoreFileInvalid, match="line 4"):
        recompute(by_hand.csv.replace(b"a02,b02,1", b"a02,b02,x"))
