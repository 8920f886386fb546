import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.metrics import McNemar, mcnemar

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
