import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from evaluator.metrics import holm
from evaluator.report import (
    Contender,
    RunsNotComparable,
    ScoreRow,
    ScoreTable,
    as_text,
    compare,
)
from evaluator.report.questions import OWN, SAME_FMR, questions
from likeness.cli.evaluate.group import evaluate

MakeTable = Callable[..., ScoreTable]


def table_of(mated: np.ndarray, non_mated: np.ndarray) -> ScoreTable:
    """Pairs without folds, mated ones first; NaN where the probe was not acquired."""
    scores = [(score, True) for score in mated.tolist()] + [(score, False) for score in non_mated.tolist()]
    rows = (
        ScoreRow(f"r{i}", f"p{i}", is_mated, None if score != score else score, probe_failure="no_face")
        if score != score
        else ScoreRow(f"r{i}", f"p{i}", is_mated, score)
        for i, (score, is_mated) in enumerate(scores)
    )
    return ScoreTable(tuple(rows))


def held(*tables: ScoreTable, at: float | None = 0.5, **options: Any) -> dict[str, Any]:
    names = ("old", "new", "newer")
    return compare([Contender(name, table, at) for name, table in zip(names, tables, strict=False)], **options)


def one(found: dict[str, Any], kind: str, where: str = OWN, run: str = "B") -> dict[str, Any]:
    (test,) = [t for t in found["tests"] if (t["kind"], t["where"], t["run"]) == (kind, where, run)]
    return dict(test)


def test_a_run_compared_with_itself_does_not_differ(good: ScoreTable, by_hand: ScoreTable) -> None:
    for table in (good, by_hand):
        found = held(table, table)
        assert {(t["b"], t["c"], t["p_value"], t["p_holm"], t["difference"]) for t in found["tests"]} == {
            (0, 0, 1.0, 1.0, 0.0)
        }
        assert (found["significant"], found["regression"], found["regressions"]) == (False, False, [])
        assert "no outcome could be significant" in as_text(found)


def test_each_kind_is_counted_by_itself(good: ScoreTable, by_hand: ScoreTable) -> None:
    # by_hand is wrong on the mated pair of fold 3 and the non-mated one of fold 7; the failure to acquire is a
    # non-match and so, being non-mated, right
    found = held(good, by_hand)
    assert (found["pairs"], found["mated_pairs"], found["non_mated_pairs"]) == (20, 10, 10)
    mated, non_mated = one(found, "mated"), one(found, "non_mated")
    for test in (mated, non_mated):
        assert (test["b"], test["c"], test["p_value"], test["difference"]) == (1, 0, 1.0, 0.1)
        assert [rate["errors"] for rate in test["errors"]] == [0, 1]
    assert (mated["false_matches"], found["runs"][1]["pairs_not_acquired"]) == ([0, 1], 1)
    # without a false match, as A, B decides above 0.95 and misses all; but so few say nothing of where it should decide
    same = one(found, "mated", SAME_FMR)
    assert (same["b"], same["c"], same["p_value"]) == (10, 0, 1.0)
    (listed,) = found["disagreements"]
    assert (listed["where"], listed["total"]) == (SAME_FMR, [10, 0])
    assert listed["only_first_correct"][0] == {"reference": "a01", "probe": "b01", "mated": True, "scores": [0.9, 0.9]}


def test_ten_times_the_false_matches_are_a_regression_though_no_more_pairs_are_wrong() -> None:
    def run(false_matches: int, false_non_matches: int) -> ScoreTable:
        return table_of(
            np.where(np.arange(300) < false_non_matches, 0.4, 0.9),
            np.where(np.arange(300) < false_matches, 0.6, 0.1),
        )

    found = held(run(4, 40), run(40, 4))
    assert one(found, "non_mated")["p_value"] == pytest.approx(binomtest(36, 36).pvalue)
    assert (one(found, "non_mated")["worse"], one(found, "mated")["worse"]) == (True, False)
    assert (found["regression"], found["regressions"]) == (True, ["B"])
    said = as_text(found)
    assert "B is worse than A in false matches, each at its own threshold, and better in false non-matches" in said
    back = held(run(40, 4), run(4, 40))
    assert (one(back, "non_mated")["worse"], one(back, "mated")["worse"]) == (False, True)
    assert back["regression"] is True


def test_a_significant_loss_is_a_regression_and_the_way_back_is_not(good: ScoreTable) -> None:
    # nine of ten mated pairs as low as no non-mated one is: no threshold that keeps the false matches helps
    bad = ScoreTable(tuple(replace(r, score=0.05) if r.mated and r.reference != "a10" else r for r in good.rows))
    found = held(good, bad)
    assert one(found, "mated")["p_value"] == pytest.approx(2 * 0.5**9)
    assert one(found, "mated")["p_holm"] == pytest.approx(3 * 2 * 0.5**9)
    assert one(found, "mated", SAME_FMR)["p_value"] == 1.0, "of ten pairs, all could be false matches"
    assert (found["significant"], found["regression"]) == (True, True)
    assert "B is worse than A: false non-matches, each at its own threshold" in as_text(found)
    back = held(bad, good)
    assert (back["significant"], back["regression"]) == (True, False)
    assert "B is better than A: false non-matches, each at its own threshold" in as_text(back)
    assert held(good, bad, alpha=0.005)["regression"] is False


def test_a_third_run_is_held_against_the_first_and_all_tests_are_counted(good: ScoreTable) -> None:
    bad = ScoreTable(tuple(replace(r, score=0.05) if r.mated and r.reference != "a10" else r for r in good.rows))
    found = held(good, good, bad)
    assert [(test["run"], test["against"]) for test in found["tests"]] == [*[("B", "A")] * 3, *[("C", "A")] * 3]
    assert one(found, "mated", run="C")["p_holm"] == pytest.approx(6 * 2 * 0.5**9)
    assert (found["regressions"], [listed["run"] for listed in found["disagreements"]]) == (["C"], ["B", "C"])


def test_one_person_on_twenty_images_is_no_twenty_witnesses() -> None:
    """Twenty mated pairs more are missed: of twenty people, or all of one."""
    mated, random = np.full(400, 0.9), np.random.default_rng(2)
    non_mated = random.uniform(0, 0.3, 400)

    def worse(missed: np.ndarray) -> bool:
        first, second = (
            ScoreTable(
                tuple(
                    replace(
                        row,
                        reference_subject=f"s{place % 400 // 20}",
                        probe_subject=f"s{place % 400 // 20}" if row.mated else f"t{place}",
                    )
                    for place, row in enumerate(table_of(scores, non_mated).rows)
                )
            )
            for scores in (mated, np.where(missed, 0.01, mated))
        )
        found = held(first, second)
        assert (found["resampled"]["what"], found["resampled"]["people"]) == ("people", 420)
        assert one(found, "mated")["p_holm"] < 1e-4
        return bool(one(found, "mated")["worse"])

    assert worse(np.arange(400) % 20 == 0) is True
    assert worse(np.arange(400) < 20) is False


def test_few_people_are_not_resampled(good: ScoreTable) -> None:
    named = ScoreTable(
        tuple(
            replace(row, reference_subject="a", probe_subject="a" if row.mated else f"b{place % 4}")
            for place, row in enumerate(good.rows)
        )
    )
    found = held(named, named)
    assert found["resampled"]["why"] == "there must be 20 people to be resampled; found 3"
    assert "Pairs are taken for independent, for there must be 20 people" in as_text(found).replace("\n", " ")


SCORES = st.lists(st.sampled_from([0.1, 0.3, 0.5, 0.7, float("nan")]), min_size=16, max_size=16).map(np.array)


@settings(max_examples=20, deadline=None)
@given(SCORES, SCORES)
def test_swapped_runs_mirror(one_run: np.ndarray, other_run: np.ndarray) -> None:
    first, second = (table_of(scores[:8], scores[8:]) for scores in (one_run, other_run))
    there, back = held(first, second), held(second, first)
    for kind in ("mated", "non_mated"):
        mine, theirs = one(there, kind), one(back, kind)
        assert (mine["b"], mine["c"], mine["p_value"]) == (theirs["c"], theirs["b"], theirs["p_value"])
        assert mine["difference"] == -theirs["difference"]
        assert mine["errors"] == theirs["errors"][::-1]


def test_at_one_fmr_all_runs_have_as_many_false_matches_and_only_misses_are_tested() -> None:
    random = np.random.default_rng(4)
    first = table_of(random.normal(0.6, 0.1, 400), random.normal(0.0, 0.1, 400))
    second = table_of(random.normal(0.3, 0.1, 400), random.normal(0.0, 0.1, 400))
    found = held(first, second, at=None, at_fmr=0.02)
    (test,) = found["tests"]
    assert (test["kind"], test["where"], test["false_matches"]) == ("mated", "at_fmr", [8, 8])
    assert (test["worse"], test["difference"] > 0) == (True, True)
    assert test["interval"]["low"] <= test["difference"] <= test["interval"]["high"]
    assert "false non-matches, both with 8 false matches" in as_text(found)
    with pytest.raises(RunsNotComparable, match=r"0\.001 needs at least 2995 non-mated pairs; found 400"):
        held(first, second, at_fmr=0.001)


def test_a_run_without_a_threshold_is_refused_with_options_that_exist(good: ScoreTable) -> None:
    unfolded = ScoreTable(tuple(replace(row, fold=None) for row in good.rows))
    with pytest.raises(RunsNotComparable, match="run A, old, has no threshold") as refused:
        held(unfolded, unfolded, at=None)
    with pytest.raises(RunsNotComparable, match="run B, new, has no threshold") as of_second:
        compare([Contender("old", unfolded, 0.5), Contender("new", unfolded)])
    options = {option for parameter in evaluate.commands["compare"].params for option in parameter.opts}
    for error in (refused, of_second):
        named = {word.strip(",.") for word in str(error.value).split() if word.startswith("--")}
        assert len(named) == 2
        assert named <= options
    assert held(unfolded, unfolded)["accuracy_10fold"] == {"insufficient_data": "the pairs have no folds"}


def test_other_pairs_are_refused_naming_the_first_difference(good: ScoreTable) -> None:
    rows = good.rows
    other_image = ScoreTable((rows[0], replace(rows[1], probe="z"), *rows[2:]))
    with pytest.raises(RunsNotComparable, match="pair 2 differs: probe is 'd01' in old and 'z' in new"):
        held(good, other_image)
    other_truth = ScoreTable((replace(rows[0], mated=False), *rows[1:]))
    with pytest.raises(RunsNotComparable, match="pair 1 differs: mated is True in old and False in new"):
        held(good, other_truth)
    with pytest.raises(RunsNotComparable, match="only old has pair 20, 'c10' and 'd10'"):
        held(good, ScoreTable(rows[:-1]))
    with pytest.raises(RunsNotComparable, match="from 2 to 26 runs can be compared; found 1"):
        held(good)


def test_a_comparison_is_plain_data_and_some_lines(good: ScoreTable, by_hand: ScoreTable) -> None:
    found = held(good, by_hand)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert as_text(found).splitlines()[:13] == [
        "20 pairs, 10 of them mated",
        "  A  old",
        "     at its threshold 0.5000: FMR 0/10 = 0.00 %, FNMR 0/10 = 0.00 %",
        "  B  new",
        "     at its threshold 0.5000: FMR 1/10 = 10.00 %, FNMR 1/10 = 10.00 %",
        "     1 pair not acquired",
        "B against A",
        "  false non-matches, both with the 0 false matches that A has at its own threshold",
        "    B 10/10, A 0/10; +100.00 points (95 % interval +42.26 to +100.00)",
        "    A alone is right on 10, B alone on 0, p = 1: not significant",
        "  false matches, each at its own threshold",
        "    B 1/10, A 0/10; +10.00 points",
        "    A alone is right on 1, B alone on 0, p = 1: not significant",
    ]
    assert "10-fold accuracy, which is not among the tests: A 100.00 %, B 90.00 %" in as_text(found)


def test_of_equal_runs_at_most_one_in_twenty_is_called_a_regression() -> None:
    """Scores of one distribution, what the runs share of a pair included; 5 false matches in 100 pairs."""
    random, runs, threshold = np.random.default_rng(3), 120, 1.6
    mated = np.arange(200) < 100
    alarms = 0
    for _ in range(runs):
        pair = 0.6 * random.normal(size=200) + 2.5 * mated
        both = [pair + 0.8 * random.normal(size=200) for _ in range(2)]
        first, second = (Contender("x", table_of(scores[mated], scores[~mated]), threshold) for scores in both)
        asked = list(questions(first, second, 1, at_fmr=None))
        adjusted = holm([question.p_value for question in asked])
        alarms += any(
            p < 0.05 and question.only_first_correct > question.only_second_correct
            for p, question in zip(adjusted, asked, strict=True)
        )
    assert alarms <= binom.ppf(0.999, runs, 0.05)
