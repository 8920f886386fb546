from dataclasses import replace
from typing import Any

import pytest

from core.packs.catalogue import PublishedFigure, load_catalogue
from core.vocabulary import Track
from evaluator.report import PackFacts, RunFacts, ScoreTable, build_report

ALIGNED_FLIP = PublishedFigure(
    "lfw", "accuracy", 99.83, "aligned crops, 10-fold, embedding of the mirrored crop added", "x"
)
F1 = PublishedFigure("lfw", "largest F1", 99.85, "raw images end to end, threshold 0.2 chosen on the same pairs", "y")


@pytest.fixture
def beside(by_hand: ScoreTable, facts: RunFacts) -> Any:
    def build(figure: PublishedFigure, *, track: Track = Track.RAW, flip: bool = False) -> dict[str, Any]:
        pipeline = replace(facts.pipeline, track=track, flip=flip)
        changed = replace(facts, pipeline=pipeline, pack=replace(facts.pack, published=(figure,)))
        (entry,) = build_report(changed, by_hand)["published_beside_ours"]
        assert isinstance(entry, dict)
        return entry

    return build


def test_aligned_crops_with_flip_are_not_comparable_with_raw_images_without(beside: Any) -> None:
    entry = beside(ALIGNED_FLIP)
    assert entry["comparable"] is False
    assert entry["sentence"].startswith(
        "Not comparable: theirs was measured on crops aligned beforehand, ours on raw images; "
        "theirs was measured with the mirrored image, ours without it."
    )


def test_measured_in_the_same_way_is_comparable_and_held_against_our_interval(beside: Any) -> None:
    entry = beside(ALIGNED_FLIP, track=Track.ALIGNED, flip=True)
    assert (entry["comparable"], entry["differences"], entry["unstated"]) == (True, [], [])
    # 2 errors of 19: our accuracy is 66.86 % to 98.70 %
    assert entry["sentence"].endswith("The published figure lies outside our 95 % interval, 66.86 % to 98.70 %.")
    assert "lies within" in beside(replace(ALIGNED_FLIP, percent=90.0), track=Track.ALIGNED, flip=True)["sentence"]


def test_another_measure_is_never_comparable(beside: Any) -> None:
    entry = beside(F1)
    assert entry["differences"][0] == "theirs is the largest F1, ours the 10-fold accuracy"
    assert "interval" not in entry["sentence"]


def test_what_a_description_leaves_open_is_named_and_not_assumed(beside: Any) -> None:
    entry = beside(PublishedFigure("lfw", "accuracy", 99.4, "as usual", "z"))
    assert entry["comparable"] is False
    assert len(entry["unstated"]) == 3
    assert entry["sentence"].startswith("Comparable only in part: the description does not say whether")


def test_our_side_says_how_it_was_measured_and_with_which_interval(beside: Any) -> None:
    ours = beside(F1)["ours"]
    assert ours["how"] == "raw images, detected at 320 px and aligned in this run, no flip test"
    assert ours["percent"] == pytest.approx(90.0)
    assert ours["low"] < 90 < ours["high"]


def test_figures_of_another_benchmark_stay_out_but_in_the_pack(by_hand: ScoreTable, facts: RunFacts) -> None:
    report = build_report(facts, by_hand)
    assert [entry["benchmark"] for entry in report["published_beside_ours"]] == ["lfw"]
    assert [figure["benchmark"] for figure in report["pack"]["published"]] == ["lfw", "calfw"]


def test_without_an_accuracy_there_is_nothing_to_compare(by_hand: ScoreTable, facts: RunFacts) -> None:
    unfolded = ScoreTable(tuple(replace(row, fold=None) for row in by_hand.rows))
    (entry,) = build_report(facts, unfolded)["published_beside_ours"]
    assert entry["sentence"] == "Nothing to compare: this run has no 10-fold accuracy (the pairs have no folds)."
    assert entry["ours"]["insufficient_data"] == "the pairs have no folds"


@pytest.mark.parametrize("name", sorted(load_catalogue()))
def test_every_figure_of_the_list_of_packs_can_be_placed(name: str, by_hand: ScoreTable, facts: RunFacts) -> None:
    pack = PackFacts.of(load_catalogue()[name])
    report = build_report(replace(facts, pack=pack), by_hand)
    for entry in report["published_beside_ours"]:
        assert entry["differences"]
        assert "whether the images were aligned beforehand" not in entry["unstated"]
