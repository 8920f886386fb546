import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from scipy.stats import binomtest

from evaluator.report import RunFacts, ScoreRow, ScoreTable, build_report, from_csv, headline, report_bytes

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
MakeTable = Callable[..., ScoreTable]


def rate(errors: int, trials: int) -> dict[str, Any]:
    interval = binomtest(errors, trials).proportion_ci(0.95, "exact")
    limit = binomtest(errors, trials, alternative="less").proportion_ci(0.95, "exact").high
    return {
        "errors": errors,
        "trials": trials,
        "value": errors / trials,
        "low": pytest.approx(interval.low, abs=1e-12),
        "high": pytest.approx(interval.high, abs=1e-12),
        "upper": pytest.approx(limit, abs=1e-12),
        "confidence": 0.95,
    }


def test_the_numbers_are_those_worked_out_by_hand(by_hand: ScoreTable, facts: RunFacts) -> None:
    report = build_report(facts, by_hand)
    metrics = report["metrics"]

    # Nine training folds hold a mated 0.2: threshold 0.2 costs the false match at 0.95 alone. Without fold 3 it is 0.9.
    accuracy = metrics["accuracy_10fold"]
    assert [fold["threshold"] for fold in accuracy["folds"]] == [0.2, 0.2, 0.9, *[0.2] * 7]
    assert [fold["accuracy"] for fold in accuracy["folds"]] == [1, 1, 0.5, 1, 1, 1, 0.5, 1, 1, 1]
    assert accuracy["mean"] == pytest.approx(0.9)
    assert accuracy["std"] == pytest.approx(0.2)
    assert accuracy["error"] == rate(2, 19)
    assert metrics["accuracy_10fold_with_fta"]["error"] == rate(2, 20)

    assert metrics["fta"]["image_rate"] == rate(1, 40)
    assert metrics["fta"]["non_mated_pair_rate"] == rate(1, 10)
    at_0363 = metrics["at_threshold"]
    assert (at_0363["fmr"], at_0363["fnmr"]) == (rate(1, 9), rate(1, 10))
    assert (at_0363["far"], at_0363["frr"]) == (rate(1, 10), rate(1, 10))

    worst = report["worst"]
    assert worst["threshold"] == pytest.approx((9 * 0.2 + 0.9) / 10)
    assert worst["total"] == {"false_matches": 1, "false_non_matches": 1}
    assert worst["false_matches"][:2] == [
        {"reference": "c07", "probe": "d07", "score": 0.95, "fold": 7, "wrong": True},
        {"reference": "c01", "probe": "d01", "score": 0.1, "fold": 1, "wrong": False},
    ]
    assert worst["false_non_matches"][0] == {
        "reference": "a03", "probe": "b03", "score": 0.2, "fold": 3, "wrong": True,
    }  # fmt: skip
    assert report["failures_to_acquire"] == {
        "images": 1,
        "pairs": 1,
        "by_reason": {"no_face": 1},
        "listed": [{"image": "d10", "reason": "no_face"}],
    }


def test_where_it_comes_from_is_said(by_hand: ScoreTable, facts: RunFacts) -> None:
    report = build_report(facts, by_hand)
    assert report["created_at"] == "1970-01-01T00:00:00+00:00"
    counts = {key: report["dataset"][key] for key in ("images", "pairs", "mated", "folds", "notes")}
    assert counts == {"images": 40, "pairs": 20, "mated": 10, "folds": 10, "notes": ["a note"]}
    assert report["pack"]["threshold"] == {"value": 0.363, "origin": "OpenCV Zoo's default"}
    assert report["pipeline"]["policy"] == "largest"
    assert report["timings"] == {"wall_s": 12.5}
    assert report["score_digest"] == hashlib.sha256(by_hand.csv).hexdigest()


def test_lists_are_capped_and_their_totals_are_not(lfw_sized: MakeTable, facts: RunFacts) -> None:
    report = build_report(facts, lfw_sized(0.3), worst=5)
    assert len(report["worst"]["false_matches"]) == len(report["worst"]["false_non_matches"]) == 5
    assert report["worst"]["total"]["false_non_matches"] > 100
    failed = build_report(facts, lfw_sized(fail=True), listed_failures=3)["failures_to_acquire"]
    assert (failed["images"], len(failed["listed"])) == (10_000, 3)


def cases(by_hand: ScoreTable, lfw_sized: MakeTable) -> dict[str, ScoreTable]:
    return {
        "by hand": by_hand,
        "as LFW": lfw_sized(),
        "no folds": lfw_sized(folds=False),
        "nothing acquired": lfw_sized(fail=True),
        "one pair": ScoreTable((ScoreRow("a", "b", True, 0.5),)),
        "people": ScoreTable(lfw_sized(people=400).rows[::10]),
        "groups": ScoreTable(
            tuple(replace(row, groups=("f" if i % 3 else "m", str(i % 2))) for i, row in enumerate(by_hand.rows)),
            ("gender", "age"),
        ),
    }


def test_every_report_keeps_to_the_schema(by_hand: ScoreTable, lfw_sized: MakeTable, facts: RunFacts) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for name, table in cases(by_hand, lfw_sized).items():
        report = json.loads(report_bytes(build_report(facts, table)))
        faults = [f"{name}: {error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(report)]
        assert faults == []
        assert set(report) == set(SCHEMA["properties"]) == set(SCHEMA["required"])


def test_the_schema_describes_every_metric(by_hand: ScoreTable, facts: RunFacts) -> None:
    report = build_report(facts, by_hand)
    described = {
        "metrics": SCHEMA["$defs"]["metrics"],
        **{key: SCHEMA["properties"][key] for key in ("dataset", "pack", "pipeline", "worst", "failures_to_acquire")},
    }
    for key, schema in described.items():
        assert set(report[key]) == set(schema["properties"]) == set(schema["required"]), key


def test_the_schema_refuses_a_report_without_its_numbers(by_hand: ScoreTable, facts: RunFacts) -> None:
    report = json.loads(report_bytes(build_report(facts, by_hand)))
    report["metrics"]["accuracy_10fold"] = 0.9
    assert not VALIDATOR.is_valid(report)


def test_groups_are_named_by_column_and_label(by_hand: ScoreTable, lfw_sized: MakeTable, facts: RunFacts) -> None:
    table = cases(by_hand, lfw_sized)["groups"]
    groups = build_report(facts, table)["metrics"]["groups"]
    assert list(groups) == ["gender=f", "gender=m", "age=0", "age=1"]
    # age=0 holds the mated pairs, age=1 the non-mated ones
    assert groups["age=0"]["fnmr"] == rate(1, 10)
    assert groups["age=1"]["fmr"] == rate(1, 9)
    assert groups["age=1"]["fnmr"] == {"insufficient_data": "there are no mated trials"}
    assert groups["gender=f"]["fta"]["trials"] + groups["gender=m"]["fta"]["trials"] == 20


def test_groups_of_the_sides_give_rates_within_and_across_them(by_hand: ScoreTable, facts: RunFacts) -> None:
    sides = [("f", "f"), ("f", "m"), ("m", "f"), ("m", "m"), ("f", "")]
    rows = tuple(replace(row, groups=(str(i % 2), *sides[i // 2 % 5])) for i, row in enumerate(by_hand.rows))
    table = ScoreTable(rows, ("age", "reference_gender", "probe_gender"))
    groups = build_report(facts, table)["metrics"]["groups"]
    assert list(groups) == ["age=0", "age=1", "gender=f", "gender=f/m", "gender=m"]
    assert groups["gender=f"]["fmr"] == rate(0, 2)
    assert groups["gender=f/m"]["fmr"] == rate(1, 4), "fold 7; which side is the reference makes no difference"
    assert groups["gender=f/m"]["fnmr"] == rate(1, 4), "fold 3"
    assert groups["gender=f/m"]["fta"]["trials"] == 8
    assert groups["gender=m"]["fmr"] == rate(0, 2)
    assert from_csv(table.csv).rows == rows, "the score file has the two columns, as the pair list has"
    as_before = ScoreTable(rows, ("gender", "reference_gender", "probe_gender"))
    assert list(build_report(facts, as_before)["metrics"]["groups"])[:2] == ["gender=0", "gender=1"]
    alone = ScoreTable(tuple(replace(row, groups=("f", "")) for row in rows), ("reference_gender", "probe_gender"))
    assert build_report(facts, alone)["metrics"]["groups"] == {}


def test_the_same_scores_give_the_same_bytes(by_hand: ScoreTable, facts: RunFacts) -> None:
    assert report_bytes(build_report(facts, by_hand)) == report_bytes(build_report(facts, by_hand))


def test_the_headline_is_taken_from_the_report(by_hand: ScoreTable, lfw_sized: MakeTable, facts: RunFacts) -> None:
    found = headline(build_report(facts, by_hand))
    assert found["accuracy_10fold"] == {"mean": pytest.approx(0.9), "std": pytest.approx(0.2)}
    assert found["fta"]["images"] == 1
    refused = headline(build_report(facts, lfw_sized(fail=True)))
    assert "insufficient_data" in refused["accuracy_10fold"]
    assert refused["eer"] is None
    json.dumps(refused, allow_nan=False)


def test_the_disclaimer_of_lfw_is_in_reports_on_its_images_only(by_hand: ScoreTable, facts: RunFacts) -> None:
    for name, kind, expected in [
        ("lfw", "lfw", True),
        ("mine", "cplfw", True),
        ("calfw", "bin", True),
        ("a", "csv", False),
    ]:
        report = build_report(replace(facts, dataset=replace(facts.dataset, name=name, kind=kind)), by_hand)
        assert (report["disclaimer"] is not None) is expected
