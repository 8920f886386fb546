"""Cllr against lir, which is other people's code, and against what can be worked out by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from evaluator.metrics import InsufficientData, ScoreSet, cllr, cllr_10fold, cllr_min
from evaluator.metrics.likelihood import _line
from tests.metrics import reference

LIR = json.loads((Path(__file__).parent / "reference_lir.json").read_text(encoding="utf-8"))


def folded(mated: list[float], non_mated: list[float]) -> ScoreSet:
    plain = ScoreSet.of(mated, non_mated)
    return ScoreSet(plain.score, plain.mated, plain.acquired, fold=np.arange(plain.score.size) % 10)


def drawn(n: int = 400, apart: float = 2.0, seed: int = 3) -> tuple[list[float], list[float]]:
    random = np.random.default_rng(seed)
    return random.normal(apart, 1, n).tolist(), random.normal(0, 1, n).tolist()


@pytest.mark.parametrize(("name", "digits"), [("as they are", 15), ("with ties", 0)])
def test_cllr_and_its_minimum_are_those_of_lir(name: str, digits: int) -> None:
    pairs = list(reference.pairs())
    mated = [round(score, digits) for one, other, score in pairs if one == other]
    non_mated = [round(score, digits) for one, other, score in pairs if one != other]
    assert cllr(mated, non_mated) == pytest.approx(LIR[f"cllr, {name}"], rel=1e-9)
    assert cllr_min(mated, non_mated) == pytest.approx(LIR[f"cllr_min, {name}"], rel=1e-9)


def test_a_ratio_of_ten_that_is_right_costs_little_and_one_that_is_wrong_much() -> None:
    assert cllr([1.0], [-1.0]) == pytest.approx(np.log2(1.1))
    assert cllr([-1.0], [1.0]) == pytest.approx(np.log2(11))


def test_scores_that_say_nothing_cost_a_bit_and_those_that_never_err_nothing() -> None:
    assert cllr_min([0.3] * 5, [0.3] * 9) == pytest.approx(1.0)
    assert cllr_min([0.8, 0.9], [0.1, 0.2, 0.3]) == 0.0


def test_without_one_kind_there_is_no_cost() -> None:
    assert cllr_min([], [0.1]) == InsufficientData("there are no mated trials")
    assert cllr([0.1], []) == InsufficientData("there are no non-mated trials")


def test_cllr_min_is_worked_out_by_hand() -> None:
    # Sorted: non-mated 1, mated 2, non-mated 3, mated 4. Pooling joins 2 and 3 at one half: a ratio of 1, a bit each.
    assert cllr_min([2.0, 4.0], [1.0, 3.0]) == pytest.approx((0.5 * 1 + 0.5 * 1) / 2)


def test_cllr_min_does_not_depend_on_the_scale_of_the_scores_and_bounds_any_calibration() -> None:
    mated, non_mated = drawn()
    least = cllr_min(mated, non_mated)
    assert isinstance(least, float)
    assert cllr_min(np.exp(mated), np.exp(non_mated)) == pytest.approx(least, abs=1e-12)
    cross = cllr_10fold(folded(mated, non_mated))
    assert isinstance(cross, float)
    assert least < cross < 1
    # For these two distributions the ratio is known: apart x - apart ** 2 / 2.
    known = [np.log2(1 + np.exp(-(2 * x - 2))) for x in mated], [np.log2(1 + np.exp(2 * x - 2)) for x in non_mated]
    assert cross == pytest.approx((np.mean(known[0]) + np.mean(known[1])) / 2, abs=0.01)


def test_the_line_of_each_fold_is_the_one_that_a_general_minimiser_finds() -> None:
    mated, non_mated = (np.array(scores) for scores in drawn(200))

    def cost(line: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        slope, offset = line
        wrong = np.logaddexp(0, -(slope * mated + offset)).mean() + np.logaddexp(0, slope * non_mated + offset).mean()
        return float(wrong)

    found = minimize(cost, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12}).x
    assert _line(mated, non_mated) == pytest.approx(tuple(found), abs=1e-3)


def test_scores_that_part_both_kinds_or_say_nothing_end_and_cost_almost_nothing_and_one_bit() -> None:
    parted = cllr_10fold(folded([0.9] * 40, [0.1] * 40))
    assert isinstance(parted, float)
    assert parted < 0.01
    assert cllr_10fold(folded([0.5] * 40, [0.5] * 40)) == pytest.approx(1)


def test_without_folds_or_one_kind_of_pairs_nothing_is_calibrated() -> None:
    assert isinstance(cllr_10fold(ScoreSet.of([0.9], [0.1])), InsufficientData)
    assert isinstance(cllr_10fold(folded([0.9] * 20, [])), InsufficientData)
