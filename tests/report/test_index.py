"""The index of runs: one page and one CSV of several reports."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.vocabulary import Policy
from evaluator.report import RunFacts, ScoreTable, build_index, build_report, index_csv
from tests.report.pages import EVIL, Page

MakeTable = Callable[..., ScoreTable]
Json = dict[str, Any]


@pytest.fixture
def history(by_hand: ScoreTable, facts: RunFacts) -> list[Json]:
    """Two versions on one data set, and a run of another policy; the newest first."""
    newer = replace(facts, run_id="run_2", created_at=86400.0, software={**facts.software, "likeness": "0.2.0"})
    other = replace(facts, run_id="run_3", created_at=9.0, pipeline=replace(facts.pipeline, policy=Policy.MOST_CENTRAL))
    better = ScoreTable(tuple(replace(r, score=0.9) if r.score == 0.2 else r for r in by_hand.rows))
    return [build_report(newer, better), build_report(other, by_hand), build_report(facts, by_hand)]


def test_runs_of_one_data_set_pack_and_policy_are_one_history_newest_first(history: list[Json]) -> None:
    page = Page(build_index(history))
    assert page.text.index("run_2") < page.text.index("run_1")
    titles = [a for tag, a in page.elements if tag == "h2"]
    assert len(titles) == 2
    links = {a["href"] for tag, a in page.elements if tag == "a"}
    assert links == {f"run_{n}/report.html" for n in (1, 2, 3)}
    assert "likeness 0.1.0 → 0.2.0" in page.text


def test_a_figure_has_a_plot_where_there_are_two_runs_to_draw(history: list[Json]) -> None:
    drawn = [a["aria-label"] for tag, a in Page(build_index(history)).elements if tag == "svg"]
    assert drawn == [f"{name} by run, oldest first" for name in ("accuracy", "EER", "FMR", "FNMR", "FTA")]
    assert [tag for tag, _ in Page(build_index(history[:2])).elements if tag == "svg"] == []


def test_the_order_of_the_reports_does_not_matter(history: list[Json]) -> None:
    assert build_index(history) == build_index(history[::-1])
    assert index_csv(history) == index_csv(history[::-1])


def test_the_file_has_each_figure_as_its_report_has_it(history: list[Json]) -> None:
    rows = list(csv.DictReader(io.StringIO(index_csv(history).decode())))
    assert len(rows) == 15
    (fnmr,) = (row for row in rows if row["run"] == "run_1" and row["figure"] == "FNMR")
    rate = history[2]["metrics"]["at_threshold"]["fnmr"]
    assert [float(fnmr[key]) for key in ("value", "low", "high")] == [rate[key] for key in ("value", "low", "high")]


def test_a_refused_figure_is_said_to_be_refused(lfw_sized: MakeTable, facts: RunFacts) -> None:
    report = build_report(facts, lfw_sized(fail=True))
    assert Page(build_index([report])).text.count("refused") >= 4
    rows = csv.DictReader(io.StringIO(index_csv([report]).decode()))
    assert {row["figure"]: row["value"] for row in rows}["accuracy"] == ""


def test_without_runs_the_page_says_how_to_start_one() -> None:
    assert "No run has succeeded yet" in Page(build_index([])).text


def test_hostile_names_stay_text_in_the_index(history: list[Json]) -> None:
    for report in history:
        report["dataset"]["name"] = report["pack"]["name"] = EVIL
        report["software"]["likeness"] = EVIL + report["run_id"]
    source = build_index(history)
    page = Page(source)
    assert {tag for tag, _ in page.elements} & {"script", "img"} == set()
    assert [name for name, _ in page.attributes if name.startswith("on") or name == "style"] == []
    assert "script-src" not in source
