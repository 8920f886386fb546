"""`evaluate compare` and `evaluate transfer`, on directories that `evaluate report` wrote: no stack is needed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evaluator.report import ScoreRow, ScoreTable
from evaluator.report.document import score_digest
from likeness.cli.evaluate.group import evaluate

Write = Callable[..., str]
PIPELINE = {
    **{"pack": "zoo", "pack_digest": "d" * 64, "track": "raw", "flip": False, "policy": "largest"},
    **{"detection_size": 320, "detection_threshold": 0.5, "min_face_px": 24, "provider": "auto", "how": "raw images"},
}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """What `evaluate report --out` would have written: 40 mated and 40 non-mated pairs, so many of them wrong."""

    def make(name: str, *, missed: int = 0, matched: int = 0, dataset: str = "own") -> str:
        rows = [
            ScoreRow(
                f"a{n}", f"b{n}", n < 40, (0.2 if n < missed else 0.9) if n < 40 else 0.9 if n < 40 + matched else 0
            )
            for n in range(80)
        ]
        table = ScoreTable(tuple(rows))
        directory = tmp_path / name
        directory.mkdir()
        (directory / "scores.csv").write_bytes(table.csv)
        report = {
            **{"schema_version": 1, "run_id": f"run_{name}", "score_digest": score_digest(table)},
            "dataset": {"name": dataset, "digest": dataset * 8},
            "pack": {"name": "zoo", "digest": "d" * 64, "threshold": {"value": 0.5, "origin": "a test"}},
            **{"pipeline": PIPELINE, "engine": {"provider": "cpu"}},
        }
        (directory / "report.json").write_text(json.dumps(report))
        return str(directory)

    return make


def run(*arguments: str) -> Result:
    return CliRunner().invoke(evaluate, arguments)


def test_a_regression_of_either_kind_exits_with_5_where_that_is_asked_for(write: Write) -> None:
    good, misses, matches = write("good"), write("misses", missed=20), write("matches", matched=20)
    assert run("compare", good, good, "--fail-on-regression").exit_code == 0
    for worse, said in ((misses, "false non-matches"), (matches, "false matches")):
        found = run("compare", good, worse, "--fail-on-regression")
        assert found.exit_code == 5, found.output
        assert "B is worse than A" in found.stdout
        assert said in found.stdout
        assert run("compare", good, worse).exit_code == 0
        assert run("compare", worse, good, "--fail-on-regression").exit_code == 0
        assert run("compare", good, worse, "--fail-on-regression", "--false-alarm-rate", "0.000001").exit_code == 0


def test_thresholds_can_be_given_and_json_and_a_page_be_had(write: Write, tmp_path: Path) -> None:
    good, misses = write("good"), write("misses", missed=20)
    page = tmp_path / "comparison.html"
    found = run("compare", good, misses, misses, *("--threshold-b", "0.1"), "--json", "--html", str(page))
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert [run["threshold"] for run in told["runs"]] == [0.5, 0.1, 0.5]
    # at 0.1 B misses nothing
    assert told["regressions"] == ["C"]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--at-fmr", "0.1", "--threshold-a", "0.3"), "--at-fmr chooses every threshold"),
        (("--threshold-b", "0.3", "--threshold-b", "0.3"), "--threshold-b is given 2 times for 1 runs beside A"),
        (("--at-fmr", "0.001"), "an FMR of 0.001 needs at least 2995 non-mated pairs; found 40"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(write: Write, options: tuple[str, ...], says: str) -> None:
    found = run("compare", write("good"), write("misses", missed=20), *options)
    assert found.exit_code in (1, 2)
    assert says in found.output


def test_what_is_no_run_is_named(write: Write, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = run("compare", write("good"), str(tmp_path / "empty"))
    assert (found.exit_code, "empty has no report.json" in found.output) == (1, True)
    found = run("compare", write("other"), str(tmp_path / "nowhere"))
    assert (found.exit_code, "there is no directory" in found.output) == (1, True)


def test_runs_on_different_data_sets_are_transferred_and_not_compared(write: Write, tmp_path: Path) -> None:
    here, there = write("here"), write("there", matched=10, dataset="other")
    refused = run("compare", here, there)
    assert refused.exit_code == 1
    assert "run_here is on own (digest ownownownown) and run_there on other" in refused.output
    page = tmp_path / "transfer.html"
    found = run("transfer", here, there, "--html", str(page))
    assert found.exit_code == 0, found.output
    assert "0.1        own            0.0000     other      10/40          25.000%" in found.stdout
    assert "exceeded" in found.stdout
    assert "refused: on own, FMR at most 0.01 needs at least 299 non-mated trials, there are 40" in found.stdout
    assert "<table" in page.read_text(encoding="utf-8")
    told = json.loads(run("transfer", here, there, "--json").stdout)
    assert [pack["pack"] for pack in told["packs"]] == ["zoo"]
    alone = run("transfer", here)
    assert (alone.exit_code, "each pack needs at least two runs" in alone.output) == (1, True)
