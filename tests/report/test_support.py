from collections.abc import Callable
from dataclasses import replace

from core.vocabulary import Track
from evaluator.report import RunFacts, ScoreTable, build_report

MakeTable = Callable[..., ScoreTable]


def said(facts: RunFacts, table: ScoreTable) -> dict[str, str]:
    return {statement["about"]: statement["text"] for statement in build_report(facts, table)["support"]}


def test_six_thousand_pairs_are_told_what_they_cannot_show(lfw_sized: MakeTable, facts: RunFacts) -> None:
    text = said(facts, lfw_sized())
    # 1 - 0.05^(1/3000) = 0.0998 %; ln 0.05 / ln(1 - 1e-4) = 29956; 30 / 3000 = 1 %
    assert "3000 non-mated pairs" in text["How rare a false match"]
    assert "FMR below 0.0998 %" in text["How rare a false match"]
    assert "FMR 0.01 % (29,956 pairs)" in text["How rare a false match"]
    assert "an FMR of 1 % and an FNMR of 1 %" in text["How exact a rate"]
    # pair i uses probe i mod 4000: 2000 probes are used twice
    assert (
        "6000 pairs are made of 10,000 images; 2000 of these are in more than one pair, one is in 2"
        in text["Independence"]
    )


def test_the_sentences_change_with_the_counts(by_hand: ScoreTable, facts: RunFacts) -> None:
    text = said(facts, by_hand)
    # 1 - 0.05^(1/9) = 28.3 %
    assert text["How rare a false match"].startswith("9 non-mated pairs were compared.")
    assert "FMR below 28.3 %" in text["How rare a false match"]
    assert "cannot give that for any rate" in text["How exact a rate"]
    assert "1 false match in 9 non-mated comparisons" in text["At the pack's threshold"]
    assert "FMR and FNMR rest on fewer than 30 errors" in text["At the pack's threshold"]
    assert text["Accuracy"].startswith("It rests on 2 wrong decisions among 19.")
    assert text["Failures to acquire"].startswith("1 image of 40 gave no usable face: 2.5 %")
    assert "each used once" in text["Independence"]


def test_two_accuracies_are_told_apart_from_a_difference_on(lfw_sized: MakeTable, facts: RunFacts) -> None:
    table = lfw_sized(0.45)
    report = build_report(facts, table)
    p = report["metrics"]["accuracy_10fold"]["error"]["value"]
    points = 100 * 1.96 * (2 * p * (1 - p) / 6000) ** 0.5
    assert f"by about {points:.2f} points" in said(facts, table)["Accuracy"]


def test_no_wrong_decision_is_not_taken_for_perfection(facts: RunFacts, by_hand: ScoreTable) -> None:
    perfect = ScoreTable(
        tuple(replace(row, score=0.9 if row.mated else 0.1, probe_failure=None) for row in by_hand.rows)
    )
    # 1 - 0.05^(1/20) = 13.9 %
    assert said(facts, perfect)["Accuracy"].startswith(
        "None of 20 decisions was wrong. That shows an error below 13.9 %"
    )


def test_no_failure_on_aligned_crops_is_no_finding(lfw_sized: MakeTable, facts: RunFacts) -> None:
    table = lfw_sized()
    # 1 - 0.05^(1/10000) = 0.03 %
    assert "FTA below 0.03 %" in said(facts, table)["Failures to acquire"]
    aligned = replace(facts, pipeline=replace(facts.pipeline, track=Track.ALIGNED))
    assert "no finding" in said(aligned, table)["Failures to acquire"]


def test_nothing_is_claimed_where_nothing_was_compared(lfw_sized: MakeTable, facts: RunFacts) -> None:
    text = said(facts, lfw_sized(fail=True))
    assert (
        text["How rare a false match"] == "No non-mated pair was compared: this run says nothing about false matches."
    )
    assert text["Accuracy"] == "There is no 10-fold accuracy: there are no mated trials."


def test_small_groups_are_named(by_hand: ScoreTable, facts: RunFacts) -> None:
    table = ScoreTable(tuple(replace(row, groups=("f",)) for row in by_hand.rows), ("gender",))
    assert said(facts, table)["Groups"] == (
        "1 of 1 group, having fewer than 300 comparisons of a kind, should not be held against others: gender=f."
    )
    assert "carry no groups" in said(facts, by_hand)["Groups"]
