from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from evaluator.report import (
    FinishedRun,
    RunFacts,
    ScoreTable,
    build_comparison_page,
    build_report,
    compare_runs,
    report_bytes,
)
from tests.report.pages import EVIL, Page

MakeTable = Callable[..., ScoreTable]
KNOWN = {
    **{"ms_per_image": 31.42, "embedded_images": 7701, "machines": ["a CPU"]},
    **{"pack_bytes": 38_922_682, "embedding_dimension": 512},
}
UNKNOWN = {"insufficient_data": "the cost was not noted"}


@pytest.fixture(scope="module")
def runs(lfw_sized: MakeTable, facts: RunFacts) -> list[FinishedRun]:
    """A, a worse B whose names are hostile, and a C that is A."""
    table = ScoreTable(lfw_sized().rows[:600])
    random = np.random.default_rng(1)
    worse = ScoreTable(
        tuple(replace(row, score=float(0.8 * (row.score or 0) + random.normal(0, 0.05))) for row in table.rows)
    )
    hostile = replace(
        facts,
        run_id=EVIL,
        pack=replace(facts.pack, name=EVIL),
        pipeline=replace(facts.pipeline, detection_size=640),
    )
    told = [(facts, table, UNKNOWN), (hostile, worse, KNOWN), (replace(facts, run_id="run_c"), table, UNKNOWN)]
    return [
        FinishedRun.read(report_bytes(build_report(of, scores) | {"cost": cost}), scores.csv)
        for of, scores, cost in told
    ]


@pytest.fixture(scope="module")
def source(runs: list[FinishedRun]) -> str:
    return build_comparison_page(compare_runs(runs), runs)


def test_the_page_is_one_well_formed_file_of_moderate_size(source: str) -> None:
    page = Page(source)
    assert {"html", "title", "main", "svg", "table"} <= {tag for tag, _ in page.elements}
    assert len(source.encode()) < 500_000
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in page.attributes if name == "href" and value.startswith("#")} <= set(ids)


def test_the_page_runs_no_script_and_asks_the_network_for_nothing(source: str) -> None:
    page = Page(source)
    assert {tag for tag, _ in page.elements} & {"script", "img", "link", "iframe", "object", "base"} == set()
    assert [name for name, _ in page.attributes if name == "style" or name.startswith("on")] == []
    assert "url(http" not in source
    assert "<script>alert(1)</script>" in page.text, "a pack's name stays text"
    (policy,) = [fields["content"] for tag, fields in page.elements if fields.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_tests_stand_in_words_and_cost_beside_accuracy(source: str) -> None:
    text = " ".join(Page(source).text.replace("\u00a0", " ").split())
    assert "B is worse than A: false non-matches" in text
    assert "C: no verdict, for with so few disagreements no outcome could be significant." in text
    assert "6 tests (McNemar, exact), p corrected for all of them (Holm)" in text
    assert "Differs from A in LIKENESS_DETECTION_SIZE: 320 in A, 640 here." in text
    assert "31.4CPUExecutionProvider, a CPU, 7701 images38.9512" in text
    assert text.count("not recorded") == 2 * 3


def test_every_run_has_a_curve_and_every_other_one_its_scores_against_the_first(source: str) -> None:
    page = Page(source)
    described = [fields.get("aria-label") for tag, fields in page.elements if tag == "svg"]
    assert described == [
        "DET curves of all runs: FNMR against FMR on normal-deviate axes",
        "Scores of A against those of B; disagreements are marked",
        "Scores of A against those of C; disagreements are marked",
    ]


def test_at_one_fmr_the_page_names_the_thresholds_that_give_it(runs: list[FinishedRun]) -> None:
    found = compare_runs(runs, at_fmr=0.01)
    text = Page(build_comparison_page(found, runs)).text.replace("\u00a0", " ")
    assert "Every run decides at observed FMR ≤ 1 %." in text
    assert f"{found['tests'][0]['thresholds'][1]:.4f}" in text


def test_runs_without_a_comparison_say_why_there_are_no_curves(lfw_sized: MakeTable, facts: RunFacts) -> None:
    failed = ScoreTable(lfw_sized(fail=True).rows[:700])
    run = FinishedRun.read(report_bytes(build_report(facts, failed)), failed.csv)
    text = Page(build_comparison_page(compare_runs([run, run]), [run, run])).text
    assert "Insufficient data: there are no mated trials." in text
