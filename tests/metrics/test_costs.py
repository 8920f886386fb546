import numpy as np
import pytest

from evaluator.metrics import DetectionCost, InsufficientData, min_dcf


def test_min_dcf_is_the_least_over_all_thresholds() -> None:
    random = np.random.default_rng(3)
    mated, non_mated = random.normal(2, 1, 300), random.normal(0, 1, 300)
    found = min_dcf(mated, non_mated, 0.01)
    assert isinstance(found, DetectionCost)
    every = [(0.01 * (mated < t).mean() + 0.99 * (non_mated >= t).mean()) / 0.01 for t in [*mated, *non_mated, np.inf]]
    assert found.value == pytest.approx(min(every))
    assert found.value == pytest.approx(found.fnmr.value + 99 * found.fmr.value)
    assert found.value <= 1, "deciding without looking costs 1"


@pytest.mark.parametrize("prior", [0.0, 1.0, -1.0])
def test_a_prior_that_is_no_share_is_an_error(prior: float) -> None:
    with pytest.raises(ValueError, match="prior"):
        min_dcf([0.9], [0.1], prior)


def test_without_one_kind_of_pairs_there_is_no_cost() -> None:
    assert isinstance(min_dcf([], [0.1], 0.01), InsufficientData)
