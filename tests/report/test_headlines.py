"""What is said first, and what it is not: in report.json, in a run's summary, and as the command prints it."""

from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest

from core.vocabulary import Track
from evaluator.report import DatasetFacts, RunFacts, ScoreTable, build_page, build_report, headline
from likeness.cli.evaluate.headline import headline as lines_of

MakeTable = Callable[..., ScoreTable]


@pytest.fixture(scope="module")
def of_people(lfw_sized: MakeTable) -> ScoreTable:
    """2000 pairs of 300 people, one in 50 mated ones not acquired."""
    rows = [
        replace(row, score=None, probe_failure="no_face", probe=f"{row.probe}?") if row.mated and i % 50 == 0 else row
        for i, row in enumerate(lfw_sized(0.5, people=300).rows[::3])
    ]
    return ScoreTable(tuple(rows))


def test_fnmr_at_the_lowest_fmr_stands_first_with_failures_to_acquire_and_without(
    of_people: ScoreTable, facts: RunFacts
) -> None:
    report = build_report(facts, of_people)
    first, metrics = report["headline"]["fnmr_at_fmr"], report["metrics"]
    given = [point for point in metrics["fnmr_at_fmr"] if "insufficient_data" not in point]
    assert first["target"] == given[-1]["target"] == 0.01
    for name, key in (("fnmr", "fnmr"), ("fnmr_with_fta", "frr"), ("fmr", "fmr")):
        found = metrics["by_people"]["fnmr_at_fmr"][1][key]
        assert first[name] == given[-1][key] | {"over_people": {end: found[end] for end in ("low", "high")}}
    assert first["fnmr_with_fta"]["errors"] - first["fnmr"]["errors"] == report["failures_to_acquire"]["pairs"] > 0
    assert list(headline(report))[:3] == ["fnmr_at_fmr", "at_threshold", "accuracy_10fold"]


def test_the_page_shows_it_first_side_by_side_and_accuracy_below(of_people: ScoreTable, facts: RunFacts) -> None:
    report = build_report(facts, of_people)
    page = unescape(build_page(report, of_people)).replace("\N{NO-BREAK SPACE}", " ")
    places = [
        page.index(text)
        for text in (
            "<dt>FNMR at observed FMR ≤ 1 %</dt>",
            "<dt>with failures to acquire as errors</dt>",
            "<dt>FTA, images</dt>",
            "<dt>FMR at 0.363</dt>",
            "<dt>Accuracy, 10-fold</dt>",
            "What these figures are not",
            report["caveats"][0]["text"],
            'id="picker"',
        )
    ]
    assert places == sorted(places)
    short = page[places[0] : places[-1]]
    first = report["headline"]["fnmr_at_fmr"]
    for rate in (first["fnmr"], first["fnmr_with_fta"]):
        over = rate["over_people"]
        assert f"{100 * rate['value']:.2f} %" in short
        assert f"{100 * over['low']:.2f} \N{EN DASH} {100 * over['high']:.2f} % over people" in short
    assert short.count("over people") == 8, "five rates, accuracy, EER, and the note"


def test_where_no_fmr_is_carried_the_reason_stands_in_its_place(by_hand: ScoreTable, facts: RunFacts) -> None:
    report = build_report(facts, by_hand)
    assert "needs at least 29 non-mated trials" in report["headline"]["fnmr_at_fmr"]["insufficient_data"]
    assert "imported again" in report["headline"]["worth"]["insufficient_data"]
    assert "over_people" not in report["headline"]["at_threshold"]["fmr"]


def test_the_command_prints_the_same_in_lines(of_people: ScoreTable, by_hand: ScoreTable, facts: RunFacts) -> None:
    text = "\n".join(lines_of(headline(build_report(facts, of_people))))
    assert text.index("at observed FMR <= 0.01") < text.index("with FTA") < text.index("accuracy")
    assert "over people" in text
    assert "comparisons are worth about" in text
    assert "note       These are celebrities" in text
    text = "\n".join(lines_of(headline(build_report(facts, by_hand))))
    assert "FNMR       insufficient data: FMR at most 0.1 needs at least 29" in text
    assert "no intervals over people: the pairs do not say who is in them" in text


def test_the_summary_of_a_run_of_0_1_0_is_still_printed() -> None:
    rate = {"errors": 3, "trials": 3000, "value": 0.001, "low": 0.0002, "high": 0.0029, "confidence": 0.95}
    old = {
        "accuracy_10fold": {"insufficient_data": "the pairs have no folds"},
        "fta": {"images": 0},
        "eer": 0.01,
        "at_threshold": {"threshold": 0.363, "fmr": rate, "fnmr": {"insufficient_data": "there are no mated trials"}},
        "score_digest": "0" * 64,
    }
    assert lines_of(old) == [
        "FMR        3/3000 = 0.100%, 95 % interval 0.020% to 0.290% at threshold 0.363",
        "FNMR       there are no mated trials",
        "accuracy   the pairs have no folds (10-fold)",
        "FTA        0 images",
    ]
    assert lines_of({}) == []


def caveats_of(facts: RunFacts, table: ScoreTable, name: str, kind: str, track: Track = Track.RAW) -> dict[str, str]:
    pipeline = replace(facts.pipeline, track=track, detection_size=640)
    of = replace(facts, dataset=DatasetFacts(name, kind, track, "e" * 64), pipeline=pipeline)
    return {caveat["about"]: caveat["text"] for caveat in build_report(of, table)["caveats"]}


def test_what_a_figure_is_not_is_said_by_list_and_track(by_hand: ScoreTable, facts: RunFacts) -> None:
    lfw = caveats_of(facts, by_hand, "lfw-by-gender", "lfw")
    assert "celebrities" in lfw["Training"]
    assert "Viola-Jones" in lfw["List"]
    assert "detected at 320 px" in lfw["Path"]
    assert "640 px" in lfw["Path"]
    assert "ages" not in lfw["List"]
    assert "differ in age" in caveats_of(facts, by_hand, "calfw", "calfw")["List"]
    assert "500 celebrities" in caveats_of(facts, by_hand, "x", "cfp-fp")["List"]
    aligned = caveats_of(facts, by_hand, "cfp_fp", "bin", Track.ALIGNED)
    assert "aligned elsewhere" in aligned["Path"]
    assert "celebrities" in aligned["Training"]
    own = caveats_of(facts, by_hand, "selfwork", "csv")
    assert "List" not in own
    assert "not known" in own["Training"]


def test_folds_that_share_people_are_said_to(by_hand: ScoreTable, facts: RunFacts) -> None:
    assert "not known" in caveats_of(facts, by_hand, "own", "csv")["Folds"]
    apart = [replace(row, reference_subject=f"{row.reference}", probe_subject=row.probe) for row in by_hand.rows]
    apart = [replace(row, probe_subject=row.reference_subject) if row.mated else row for row in apart]
    assert "Folds" not in caveats_of(facts, ScoreTable(tuple(apart)), "own", "csv")
    shared = [replace(row, reference_subject="c01") if row.reference == "c02" else row for row in apart]
    found = caveats_of(facts, ScoreTable(tuple(shared)), "own", "csv")["Folds"]
    assert found.startswith("Of 29 people 1 is in more than one fold")


def test_a_subject_is_no_group(of_people: ScoreTable, facts: RunFacts) -> None:
    report = build_report(facts, of_people)
    assert of_people.has_subjects
    assert "insufficient_data" in report["metrics"]["groups"]
    assert report["metrics"]["group_fmr"] == {}
