"""What the sections of a report's page say, and what they say where there is too little."""

import csv
import io
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from PIL import Image

from evaluator.report import CostFacts, RunFacts, ScoreTable, build_page, build_report, plot_data
from evaluator.report.thumbnails import shown_images, thumbnails
from tests.report.pages import Page, measured, page_of

MakeTable = Callable[..., ScoreTable]


def rates_in(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, dict):
        if "upper" in data:
            yield data
        data = list(data.values())
    if isinstance(data, list):
        for value in data:
            yield from rates_in(value)


def test_the_headline_rests_on_counts_and_intervals(by_hand: ScoreTable, facts: RunFacts) -> None:
    text = Page(page_of(facts, by_hand)).text.replace("\u00a0", " ")
    assert "90.00 % ± 20.00" in text
    assert "2 of 19 wrong" in text
    assert "1 of 40 images" in text
    assert "1 of 9 non-mated" in text
    assert "90.00 % with failures to acquire as non-matches" in text
    assert "likeness evaluate recompute scores.csv --threshold 0.363" in text


def test_the_worst_pairs_are_named_on_both_sides_of_the_threshold(by_hand: ScoreTable, facts: RunFacts) -> None:
    text = Page(page_of(facts, by_hand)).text
    wrong, right = text.index("c07"), text.index("c01")
    assert wrong < text.index("the pairs below are decided rightly") < right


def test_what_cannot_be_given_says_why(lfw_sized: MakeTable, facts: RunFacts) -> None:
    text = Page(page_of(facts, lfw_sized(fail=True))).text
    assert "insufficient data: there are no mated trials" in text
    assert "Insufficient data: no pair was compared." in text
    assert "no_face: 10,000 images" in text
    assert "and 9800 more" in text
    unfolded = Page(page_of(facts, lfw_sized(folds=False))).text
    assert "insufficient data: the pairs have no folds" in unfolded
    assert "the pack's threshold, for there is no 10-fold accuracy" in unfolded


def test_a_tiny_sample_is_refused_target_by_target(by_hand: ScoreTable, facts: RunFacts) -> None:
    text = Page(page_of(facts, by_hand)).text
    assert text.count("even without an error they show only") == 9, "of eight targets, and in the headline"


def test_groups_have_a_table_when_there_are_any(by_hand: ScoreTable, facts: RunFacts) -> None:
    table = ScoreTable(tuple(replace(row, groups=("f",)) for row in by_hand.rows), ("gender",))
    assert "gender=f" in Page(page_of(facts, table)).text
    assert 'id="groups"' not in page_of(facts, by_hand)


def test_groups_of_both_sides_have_a_heat_map_in_which_too_few_are_refused(
    lfw_sized: MakeTable, facts: RunFacts
) -> None:
    whole = lfw_sized()
    sides = [("f", "f"), ("m", "m"), ("f", "m"), ("m", "f")]
    rows = (
        replace(row, groups=("m", "x") if i % 600 == 599 else sides[i % 4])  # ten non-mated pairs across m and x
        for i, row in enumerate(whole.rows)
    )
    table = ScoreTable(tuple(rows), ("reference_sex", "probe_sex"))
    page = Page(page_of(facts, table))
    cells = build_report(facts, table)["metrics"]["group_fmr"]["sex"]["cells"]
    assert [(cell["one"], cell["other"]) for cell in cells][:3] == [("f", "f"), ("f", "m"), ("f", "x")]
    assert "too few: 10 non-mated comparisons, fewer than 300" in page.text
    assert [a["class"] for _, a in page.elements if (a.get("class") or "").startswith("heat-")] != []
    assert "Highest within a group over lowest" in page.text
    assert 'aria-label="Scores by group' in page_of(facts, table)


def test_worst_pairs_are_shown_only_where_thumbnails_are_given(by_hand: ScoreTable, facts: RunFacts) -> None:
    report = build_report(facts, by_hand)
    assert "Images are named and not shown" in page_of(facts, by_hand)
    assert shown_images(report) >= {"a03", "b03", "c07", "d07"}
    body = io.BytesIO()
    Image.new("RGB", (600, 300), "red").save(body, "PNG")
    small = thumbnails([("a03", body.getvalue()), ("b03", b"no image")])
    assert set(small) == {"a03"}
    with Image.open(io.BytesIO(b64decode(small["a03"].partition(",")[2]))) as copy:
        assert (copy.format, copy.size) == ("JPEG", (112, 56))
    source = build_page(report, by_hand, small)
    page = Page(source)
    assert [a["src"] for tag, a in page.elements if tag == "img"] == [small["a03"]]
    assert "not shown: cannot be read" in page.text
    assert "This page shows photographs of people" in page.text


def test_the_cost_is_that_of_the_images_the_run_embedded_itself(by_hand: ScoreTable, facts: RunFacts) -> None:
    cost = CostFacts(40, 2.0, ("a machine, 2 cores",), 128, 38_000_000)
    text = Page(page_of(replace(facts, cost=cost), by_hand)).text
    assert "Cost: 50.0 ms an image" in text
    assert "38.0 MB of pack; 128 numbers, 512 bytes, an embedding" in text
    cached = replace(cost, embedded_images=0, embedding_s=0.0, machines=())
    assert (
        "no time, for every image had been embedded before" in Page(page_of(replace(facts, cost=cached), by_hand)).text
    )
    assert build_report(facts, by_hand)["cost"] == {"insufficient_data": "the cost was not noted"}


def test_every_number_behind_a_plot_is_in_its_csv(lfw_sized: MakeTable, facts: RunFacts) -> None:
    table = lfw_sized()
    report = build_report(facts, table, measured(table))
    files = {name: list(csv.DictReader(io.StringIO(body.decode()))) for name, body in plot_data(report, table).items()}
    assert set(files) == {f"{n}.csv" for n in ("curve", "thresholds", "histogram", "folds", "discard", "quality")}
    assert sum(int(row["mated"]) + int(row["non_mated"]) for row in files["histogram.csv"]) == 6000
    point = report["metrics"]["at_threshold"]
    (at,) = (row for row in files["thresholds.csv"] if float(row["threshold"]) == 0.363)
    assert (float(at["fmr"]), float(at["fnmr"])) == (point["fmr"]["value"], point["fnmr"]["value"])
    assert float(at["fmr_upper"]) == point["fmr"]["upper"]
    ends = files["curve.csv"][0], files["curve.csv"][-1]
    assert [(float(row["fmr"]), float(row["fnmr"])) for row in ends] == [(1, 0), (0, 1)]
    assert [float(row["accuracy"]) for row in files["folds.csv"]] == [
        fold["accuracy"] for fold in report["metrics"]["accuracy_10fold"]["folds"]
    ]
    curve = report["metrics"]["quality"]["discard"]["sharpness"]
    assert [float(row["fnmr"]) for row in files["discard.csv"] if row["measure"] == "sharpness"] == curve["fnmr"]


def test_a_report_of_before_has_a_page_of_what_it_has(by_hand: ScoreTable, facts: RunFacts) -> None:
    report = build_report(facts, by_hand)
    for key in ("cllr_min", "cllr_10fold", "min_dcf", "by_people", "group_fmr", "quality"):
        del report["metrics"][key]
    del report["image_digest"], report["cost"], report["headline"], report["caveats"]
    for rate in rates_in(report):
        del rate["upper"]
    page = Page(build_page(report, by_hand))
    assert "90.00" in page.text
    assert {"picker", "points"} <= {value for name, value in page.attributes if name == "id"}
