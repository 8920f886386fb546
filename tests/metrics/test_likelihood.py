"""Cllr against lir, which is other people's code, and against what can be worked out by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from evaluator.metrics import InsufficientData, cllr, cllr_min
from tests.metrics import reference

LIR = json.loads((Path(__file__).parent / "reference_lir.json").read_text(encoding="utf-8"))


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
