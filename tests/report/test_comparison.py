import json
from dataclasses import replace

import pytest
from scipy.stats import binomtest

from evaluator.report import RunsNotComparable, ScoreTable, as_text, compare


def with_scores(table: ScoreTable, **scores: float) -> ScoreTable:
    """The same pairs, some with another score, named by their reference."""
    return ScoreTable(tuple(replace(row, score=scores.get(row.reference, row.score)) for row in table.rows))


@pytest.fixture
def good(by_hand: ScoreTable) -> ScoreTable:
    """Mated 0.9, non-mated 0.1, nothing wrong."""
    return ScoreTable(tuple(replace(row, score=0.9 if row.mated else 0.1, probe_failure=None) for row in by_hand.rows))


def test_a_run_compared_with_itself_does_not_differ(good: ScoreTable) -> None:
    found = compare(good, good)
    assert (found["b"], found["c"], found["p_value"], found["better"]) == (0, 0, 1.0, None)
    assert (found["significant"], found["regression"]) == (False, False)
    assert "no outcome could be significant" in as_text(found)


def test_discordant_pairs_are_counted_at_each_runs_own_fold_thresholds(good: ScoreTable, by_hand: ScoreTable) -> None:
    # by_hand is wrong on the mated pair of fold 3 and the non-mated one of fold 7; the failure to acquire is a
    # non-match and so, being non-mated, right
    found = compare(good, by_hand)
    assert (found["pairs"], found["b"], found["c"]) == (20, 2, 0)
    assert found["p_value"] == 0.5
    assert [rate["errors"] for rate in found["errors"]] == [0, 2]
    assert [pair["reference"] for pair in found["only_first_correct"]] == ["a03", "c07"]
    assert found["only_first_correct"][0]["scores"] == [0.9, 0.2]


def test_a_significant_loss_is_a_regression_and_the_way_back_is_not(good: ScoreTable) -> None:
    # eight mated pairs as low as non-mated ones
    bad = with_scores(good, **{f"a{fold:02d}": 0.05 for fold in range(1, 9)})
    found = compare(good, bad, names=("old", "new"))
    assert found["p_value"] == pytest.approx(binomtest(found["b"], found["b"] + found["c"]).pvalue)
    assert (found["significant"], found["regression"], found["better"]) == (True, True, "old")
    assert "old is significantly better than new (p < 0.05)" in as_text(found)
    back = compare(bad, good, names=("new", "old"))
    assert (back["significant"], back["regression"], back["better"]) == (True, False, "old")
    assert "old is significantly better than new" in as_text(back)


def test_the_level_of_significance_can_be_set(good: ScoreTable) -> None:
    bad = with_scores(good, **{f"a{fold:02d}": 0.05 for fold in range(1, 9)})
    assert compare(good, bad, alpha=1e-9)["regression"] is False


def test_fixed_thresholds_take_the_place_of_folds(good: ScoreTable, by_hand: ScoreTable) -> None:
    unfolded = [ScoreTable(tuple(replace(row, fold=None) for row in table.rows)) for table in (good, by_hand)]
    with pytest.raises(RunsNotComparable, match="A has no 10-fold thresholds: the pairs have no folds"):
        compare(*unfolded)
    found = compare(*unfolded, thresholds=(0.5, 0.5))
    assert (found["b"], found["c"], found["thresholds"]) == (2, 0, [0.5, 0.5])


def test_other_pairs_are_refused_naming_the_first_difference(good: ScoreTable) -> None:
    rows = good.rows
    other_image = ScoreTable((rows[0], replace(rows[1], probe="z"), *rows[2:]))
    with pytest.raises(RunsNotComparable, match="pair 2 differs: probe is 'd01' in A and 'z' in B"):
        compare(good, other_image)
    other_truth = ScoreTable((replace(rows[0], mated=False), *rows[1:]))
    with pytest.raises(RunsNotComparable, match="pair 1 differs: mated is True in A and False in B"):
        compare(good, other_truth)
    with pytest.raises(RunsNotComparable, match="only A has pair 20, 'c10' and 'd10'"):
        compare(good, ScoreTable(rows[:-1]))


def test_a_comparison_is_plain_data_and_some_lines(good: ScoreTable, by_hand: ScoreTable) -> None:
    found = compare(good, by_hand, names=("run_a", "run_b"))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert as_text(found).splitlines() == [
        "20 pairs; each run decides at thresholds of each pair's fold",
        "  run_a: 100.00 % right (0 errors; 95 %: 83.16 % to 100.00 %)",
        "  run_b: 90.00 % right (2 errors; 95 %: 68.30 % to 98.77 %)",
        "only run_a is right on 2 pairs, only run_b on 0: p = 0.5 (McNemar)",
        "no verdict: with 2 disagreements no outcome could be significant",
    ]
