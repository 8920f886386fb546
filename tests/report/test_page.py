"""A report's page is one file that is safe to open, and every number of it is the report's."""

import json
import os
import pickle
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from core.vocabulary import Threshold
from evaluator.report import CostFacts, RunFacts, ScoreTable, build_page, build_report
from tests.report.pages import EVIL, Page, measured, page_of

MakeTable = Callable[..., ScoreTable]
ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?")


@pytest.fixture(scope="module")
def whole(lfw_sized: MakeTable, facts: RunFacts) -> str:
    return page_of(facts, lfw_sized())


def test_the_page_is_one_well_formed_file_of_moderate_size(whole: str) -> None:
    page = Page(whole)
    assert {"html", "head", "title", "main", "svg", "table"} <= {tag for tag, _ in page.elements}
    assert len(whole.encode()) < 300_000
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_the_page_asks_the_network_for_nothing(whole: str) -> None:
    page = Page(whole)
    assert {tag for tag, _ in page.elements} & {"img", "link", "iframe", "object", "embed", "base"} == set()
    assert [value for name, value in page.attributes if name in ("src", "srcset", "data", "poster")] == []
    links = {value for name, value in page.attributes if name in ("href", "xlink:href") and not value.startswith("#")}
    assert links == {"http://vis-www.cs.umass.edu/lfw/"}
    assert "@import" not in whole
    assert re.findall(r"url\((?!#)", whole) == []


def test_the_policy_lets_in_the_style_and_the_script_of_this_page_and_nothing_else(whole: str) -> None:
    page = Page(whole)
    (policy,) = (a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    for tag, kind in (("style", "style-src"), ("script", "script-src")):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", whole, flags=re.DOTALL)
        digest = b64encode(sha256(inline.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}';" in policy
    # A style attribute would be refused, and a handler too.
    assert [name for name, _ in page.attributes if name == "style" or name.startswith("on")] == []


def test_the_picker_steps_through_counts_that_the_scores_give(
    whole: str, lfw_sized: MakeTable, facts: RunFacts
) -> None:
    table = lfw_sized()
    (data,) = re.findall(r'<script type="application/json" id="sweep">(.*?)</script>', whole)
    swept = json.loads(data)
    scores = table.score_set
    assert (swept["non_mated"], swept["mated"]) == (scores.non_mated_scores.size, scores.mated_scores.size)
    assert 200 <= len(swept["thresholds"]) <= 700
    for i in range(0, len(swept["thresholds"]), 17):
        at = swept["thresholds"][i]
        assert swept["fm"][i] == (scores.non_mated_scores >= at).sum()
        assert swept["fnm"][i] == (scores.mated_scores < at).sum()
    report = build_report(facts, table)
    named = [report["metrics"]["at_threshold"], *report["metrics"]["fnmr_at_fmr"]]
    for point in (point for point in named if "threshold" in point):
        i = swept["thresholds"].index(point["threshold"])
        assert (swept["fm"][i], swept["fnm"][i]) == (point["fmr"]["errors"], point["fnmr"]["errors"])
        assert swept["fmr_upper"][i] == pytest.approx(point["fmr"]["upper"], rel=1e-3)


def test_without_its_script_the_page_lacks_only_what_the_script_moves(whole: str) -> None:
    page = Page(whole)
    hidden = [attributes for _, attributes in page.elements if "hidden" in attributes]
    assert {a.get("id") or a.get("class") for a in hidden} == {"chooser", "said", "moves picked", "moves"}
    text = page.text.replace("\u00a0", " ")
    assert "at a million non-mated comparisons a day" in text
    assert text.count("observed FMR ≤ 0.1 %") == 3, "in the headline, and in two tables"


def said_of(data: Any) -> Iterator[str]:
    """Every way in which the page may say a number of the report, and the numbers in its sentences."""
    if isinstance(data, str):
        yield from NUMBER.findall(data)
    elif isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            yield from said_of(value)
    elif isinstance(data, int | float):
        yield from (f"{data:g}", f"{data:,}", str(data), f"{100 * data:g}", f"{100 * data:.3g}", f"{1e6 * data:,.0f}")
        yield f"{round(float(f'{1e6 * data:.3g}')):,}"
        for places in range(6):
            yield from (f"{abs(data):.{places}f}", f"{100 * data:.{places}f}", f"{100 * (1 - data):.{places}f}")


def test_every_number_of_the_page_is_in_the_report(lfw_sized: MakeTable, facts: RunFacts) -> None:
    table = lfw_sized(mean=0.5)
    sides = [("f", "f"), ("m", "m"), ("f", "m"), ("m", "f")]
    rows = tuple(replace(row, groups=sides[i % 4]) for i, row in enumerate(table.rows))
    table = ScoreTable(rows, ("reference_sex", "probe_sex"))
    cost = CostFacts(40, 2.0, ("a machine, 2 cores",), 128, 38_000_000)
    report = build_report(replace(facts, cost=cost), table, measured(table))
    source = build_page(report, table)
    # Plots are drawn from what `plot_data` writes; a heading of the table has 95 %, and so on.
    text = unescape(re.sub(r"<(svg|script|style)\b.*?</\1>|<[^>]+>", " ", source, flags=re.DOTALL))
    written = " ".join(path.read_text() for path in (ROOT / "evaluator/report/templates").glob("*.html"))
    folds = report["metrics"]["accuracy_10fold"]["folds"]
    sums = [sum(fold[key] for fold in folds) for key in ("mated_errors", "non_mated_errors", "trials")]
    known = {*said_of(report), *said_of(sums), "38.0", *NUMBER.findall(written)}
    found = set(NUMBER.findall(text))
    assert len(found) > 300
    assert found - known == set()


def test_links_within_the_page_lead_somewhere(whole: str) -> None:
    page = Page(whole)
    ids = {value for name, value in page.attributes if name == "id"}
    assert {value[1:] for name, value in page.attributes if name == "href" and value.startswith("#")} <= ids


def test_the_disclaimer_of_lfw_is_named_as_theirs(whole: str, by_hand: ScoreTable, facts: RunFacts) -> None:
    assert "the authors of Labeled Faces in the Wild" in Page(whole).text
    own = replace(facts, dataset=replace(facts.dataset, name="staff", kind="csv"))
    assert "Labeled Faces" not in page_of(own, by_hand)


def test_hostile_names_stay_text(by_hand: ScoreTable, facts: RunFacts) -> None:
    rows = tuple(
        replace(row, reference=row.reference + EVIL, probe_failure=row.probe_failure and EVIL, groups=(EVIL,))
        for row in by_hand.rows
    )
    pack = replace(facts.pack, name=EVIL, licence=EVIL, threshold=Threshold(0.363, EVIL))
    published = tuple(replace(figure, how=EVIL, source=EVIL, measure=EVIL) for figure in facts.pack.published)
    hostile = replace(
        facts,
        run_id=EVIL,
        dataset=replace(facts.dataset, name="lfw", notes=(EVIL,)),
        pack=replace(pack, published=published),
        engine={EVIL: EVIL},
        software={EVIL: EVIL},
        timings={EVIL: 1.0},
    )
    source = page_of(hostile, ScoreTable(rows, (EVIL,)))
    page = Page(source)
    assert {tag for tag, _ in page.elements} & {"img"} == set()
    assert len([tag for tag, _ in page.elements if tag == "script"]) == 2
    assert [name for name, _ in page.attributes if name.startswith("on")] == []
    assert page.text.count("<script>alert(1)</script>") > 20
    assert "{{ title }} {# x #}" in page.text


def test_what_quality_has_to_do_with_errors_is_shown_where_it_was_measured(
    whole: str, lfw_sized: MakeTable, facts: RunFacts
) -> None:
    assert 'id="quality"' not in whole
    table = lfw_sized()
    images = measured(table)
    page = Page(build_page(build_report(facts, table, images), table))
    text = page.text.replace("\u00a0", " ")
    assert "Errors by pose: the larger yaw of the two" in text
    assert "up to 15" in text
    assert "echo '" + images.digest + "  images.csv' | sha256sum --check" in text
    plots = [a["aria-label"] for tag, a in page.elements if tag == "svg"]
    assert "FNMR when the pairs worst in sharpness are discarded" in plots
    assert "FNMR when the pairs worst in share of the face cut off are discarded" not in plots, "all have the same"


def test_a_report_of_other_scores_is_refused(by_hand: ScoreTable, lfw_sized: MakeTable, facts: RunFacts) -> None:
    with pytest.raises(ValueError, match="another score table"):
        build_page(build_report(facts, by_hand), lfw_sized())


def test_the_same_run_gives_the_same_bytes_in_another_process(
    by_hand: ScoreTable, facts: RunFacts, tmp_path: Path
) -> None:
    (tmp_path / "run.pickle").write_bytes(pickle.dumps((facts, by_hand)))
    program = (
        "import pathlib, pickle, sys; from evaluator.report import build_page, build_report;"
        "facts, table = pickle.loads(pathlib.Path('run.pickle').read_bytes());"
        "sys.stdout.buffer.write(build_page(build_report(facts, table), table).encode())"
    )
    pages = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert pages[0] == pages[1] == page_of(facts, by_hand).encode()
