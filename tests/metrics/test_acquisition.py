import numpy as np
import pytest

from evaluator.metrics import InsufficientData, Rate, ScoreSet, fta

PAIRS = ScoreSet(
    score=np.array([0.8, np.nan, np.nan, 0.1, np.nan]),
    mated=np.array([True, True, True, False, False]),
    acquired=np.array([True, False, False, True, False]),
)


def test_failures_to_acquire_are_counted_on_images_and_on_pairs() -> None:
    # one image that fails can fail many pairs: 2 of 8 images, 3 of 5 pairs
    found = fta(PAIRS, np.array([True] * 6 + [False] * 2))
    assert (found.images, found.pairs) == (2, 3)
    rates = found.image_rate, found.pair_rate, found.mated_pair_rate, found.non_mated_pair_rate
    counted = [(r.errors, r.trials) for r in rates if isinstance(r, Rate)]
    assert counted == [(2, 8), (3, 5), (2, 3), (1, 2)]
    assert all(r.low < r.value < r.high for r in rates if isinstance(r, Rate))


def test_images_that_nobody_counted_have_no_rate() -> None:
    assert fta(PAIRS).images is None
    assert fta(PAIRS).image_rate == InsufficientData("images were not counted")
    assert fta(PAIRS, np.array([], dtype=bool)).image_rate == InsufficientData("there are no images")


def test_counts_are_not_taken_for_acquired_flags() -> None:
    with pytest.raises(ValueError, match="images_acquired: must be booleans"):
        fta(PAIRS, np.array([8, 2]))
