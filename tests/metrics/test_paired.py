import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.metrics import McNemar, holm, mcnemar

RUNS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


def test_only_pairs_on_which_the_runs_disagree_count() -> None:
    # b = 1, c = 5: p = 2 * (1 + 6) / 2**6
    first = np.array([True] * 10 + [True] + [False] * 5)
    second = np.array([True] * 10 + [False] + [True] * 5)
    assert mcnemar(first, second) == McNemar(1, 5, 16, 2 * 7 / 64)


def test_runs_that_never_disagree_do_not_differ() -> None:
    same = np.array([True, False])
    assert mcnemar(same, same) == McNemar(0, 0, 2, 1.0)


@given(RUNS)
def test_the_order_of_the_runs_only_exchanges_the_counts(rows: list[tuple[bool, bool]]) -> None:
    first, second = np.array(rows).T
    found, mirrored = mcnemar(first, second), mcnemar(second, first)
    assert mirrored.p_value == found.p_value
    assert mirrored.only_first_correct == found.only_second_correct


def test_runs_on_other_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="must be the same pairs"):
        mcnemar(np.array([True]), np.array([True, False]))
    with pytest.raises(ValueError, match="second: must be booleans"):
        mcnemar(np.array([True]), np.array([0.7]))


P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_holm_multiplies_the_smallest_by_all_the_next_by_one_less_and_never_falls() -> None:
    assert holm([0.01, 0.02, 0.03, 0.5]) == pytest.approx((0.04, 0.06, 0.06, 0.5))
    assert holm([0.6, 0.7]) == (1.0, 1.0)
    assert holm([]) == ()


@given(P_VALUES)
def test_an_adjusted_p_value_is_no_smaller_and_keeps_its_rank(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    in_order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    assert [adjusted[place] for place in in_order] == sorted(adjusted)


@given(P_VALUES, st.floats(0, 1))
def test_one_more_test_makes_no_p_value_smaller(p_values: list[float], another: float) -> None:
    assert all(q <= r for q, r in zip(holm(p_values), holm([*p_values, another]), strict=False))


def test_a_p_value_outside_of_0_to_1_is_refused() -> None:
    with pytest.raises(ValueError, match=r"within 0\.\.1, not 1.5"):
        holm([0.5, 1.5])
