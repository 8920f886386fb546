import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.vocabulary import Policy
from evaluator.report import (
    FinishedRun,
    RunFacts,
    RunsNotComparable,
    ScoreRow,
    ScoreTable,
    build_report,
    build_transfer_page,
    report_bytes,
    transfer,
)
from tests.report.pages import Page

MakeRun = Callable[..., FinishedRun]


@pytest.fixture
def run_on(facts: RunFacts) -> MakeRun:
    """A run on a data set of a name: three mated pairs at 0.9, and non-mated ones with the scores that are given."""

    def make(dataset: str, non_mated: Any, facts: RunFacts = facts, image: str = "") -> FinishedRun:
        scores = [*[(0.9, True)] * 3, *((float(score), False) for score in non_mated)]
        rows = tuple(
            ScoreRow(f"{image or dataset}/r{place}", f"{dataset}/p{place}", mated, score)
            for place, (score, mated) in enumerate(scores)
        )
        told = replace(facts, run_id=f"run_{dataset}", dataset=replace(facts.dataset, name=dataset, digest=dataset * 9))
        table = ScoreTable(rows)
        return FinishedRun.read(report_bytes(build_report(told, table)), table.csv)

    return make


def points(found: dict[str, Any], target: float) -> dict[str, Any]:
    (pack,) = found["packs"]
    return {point["dataset"]: point for point in pack["points"] if point["target"] == target}


def test_a_threshold_of_one_run_is_judged_on_the_other(run_on: MakeRun) -> None:
    # Of 100 scores 4 may reach a threshold that keeps 0.1: it is just above 95/100, where the other run has 20 of 100.
    low, high = run_on("low", np.arange(100) / 100), run_on("high", np.where(np.arange(100) < 80, 0.0, 0.97))
    at = points(transfer([low, high]), 0.1)
    assert at["low"]["threshold"] == np.nextafter(0.95, 1)
    assert at["low"]["fmr"]["errors"] == 4
    (there,) = at["low"]["on"]
    assert (there["dataset"], there["fmr"]["errors"], there["fmr"]["trials"]) == ("high", 20, 100)
    assert there["factor"] == pytest.approx(2.0)
    assert there["fnmr"]["errors"] == 3, "mated pairs at 0.9 are below it"
    # 20 of 100: the FMR is at least 0.137 with 95 % confidence
    assert (there["verdict"], "0.137 to" in there["why"]) == ("exceeded", True)
    # and the other way round: 0.97 matches 20, so the threshold lies above it, where the first run has 2 of 100
    (back,) = at["high"]["on"]
    assert at["high"]["threshold"] == np.nextafter(0.97, 1)
    assert (back["fmr"]["errors"], back["fmr_over_people"]) == (
        2,
        {"insufficient_data": "the pairs do not say who is in them"},
    )
    assert back["fmr"]["upper"] == pytest.approx(0.0616, abs=5e-5)
    assert back["verdict"] == "holds"


def test_too_few_pairs_are_refused_as_a_source_and_left_open_as_a_judge(run_on: MakeRun) -> None:
    found = transfer([run_on("large", np.arange(3000) / 3000), run_on("small", np.zeros(10))])
    at = points(found, 0.1)
    assert at["small"]["insufficient_data"].startswith(
        "FMR at most 0.1 needs at least 29 non-mated trials, there are 10"
    )
    assert (at["small"]["threshold"], at["small"]["on"]) == (None, [])
    (there,) = at["large"]["on"]
    assert (there["fmr"]["errors"], there["verdict"]) == (0, "open")
    assert there["why"].startswith("10 non-mated pairs show, either way with 95 % confidence, an FMR of 0 to 0.259")


def test_where_people_are_known_they_are_what_is_counted(run_on: MakeRun) -> None:
    scores = np.where(np.arange(3000) < 20, 0.9, np.arange(3000) / 6000)
    run = run_on("other", scores)

    def named(subject: Callable[[int], str]) -> FinishedRun:
        rows = tuple(
            replace(row, reference_subject=subject(place), probe_subject=subject(place) if row.mated else f"p{place}")
            for place, row in enumerate(run.table.rows)
        )
        return replace(run, table=ScoreTable(rows))

    def over_people(judge: FinishedRun) -> dict[str, float]:
        found = points(transfer([run_on("source", np.arange(3000) / 4000), judge]), 0.01)
        (there,) = found["source"]["on"]
        assert there["fmr"]["errors"] == 20
        return dict(there["fmr_over_people"])

    strangers, recurring = over_people(named(str)), over_people(named(lambda place: f"r{place // 100}"))
    assert strangers["high"] == pytest.approx(0.00967, abs=2e-4), "the 95 % limit of 20 of 3000"
    assert recurring["high"] > 2 * strangers["high"]


def test_each_pack_has_a_matrix_of_its_own(run_on: MakeRun, facts: RunFacts) -> None:
    other = replace(
        facts,
        pack=replace(facts.pack, name="other", digest="0" * 64),
        pipeline=replace(facts.pipeline, pack="other", pack_digest="0" * 64),
    )
    scores = np.arange(100) / 100
    runs = [run_on(name, scores, of) for of in (facts, other) for name in ("one", "two")]
    found = transfer(runs)
    assert [(pack["pack"], len(pack["runs"])) for pack in found["packs"]] == [("opencv-zoo", 2), ("other", 2)]
    with pytest.raises(RunsNotComparable, match="run_one on one is the only run of the pack other"):
        transfer(runs[:3])


def test_runs_that_scored_otherwise_are_refused_naming_the_difference(run_on: MakeRun, facts: RunFacts) -> None:
    central = replace(facts, pipeline=replace(facts.pipeline, policy=Policy.MOST_CENTRAL))
    with pytest.raises(RunsNotComparable, match="the policy: largest in run_one, most_central in run_two"):
        transfer([run_on("one", np.zeros(30)), run_on("two", np.zeros(30), central)])


def test_a_threshold_is_not_judged_on_the_pairs_that_chose_it(run_on: MakeRun) -> None:
    run = run_on("one", np.zeros(30))
    with pytest.raises(
        RunsNotComparable, match="are on the same data set, one: a threshold would be judged on the pairs"
    ):
        transfer([run, run])


def test_images_in_common_are_said(run_on: MakeRun) -> None:
    found = transfer([run_on("one", np.zeros(30)), run_on("two", np.zeros(30), image="one")])
    assert found["packs"][0]["shared_images"] == [{"datasets": ["one", "two"], "images": 33}]
    assert "one and two have 33 image ids in common" in build_transfer_page(found)


def test_a_transfer_is_plain_data_and_a_page_without_a_script(run_on: MakeRun) -> None:
    evil = "<script>alert(1)</script>"
    found = transfer([run_on("low", np.arange(100) / 100), run_on(evil, np.full(100, 0.97)), run_on("few", [0.1])])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    page = Page(build_transfer_page(found))
    tags = {tag for tag, _ in page.elements}
    assert tags & {"script", "img", "link"} == set()
    assert evil in page.text
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in page.attributes if name == "href" and value.startswith("#")} <= set(ids)
    text = " ".join(page.text.replace("\u00a0", " ").split())
    assert "opencv-zoo: of 4 promises judged elsewhere," in text
    assert "refused: FMR at most 0.001 needs at least 2995 non-mated trials, there are 100" in text
