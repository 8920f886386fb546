"""The scores of a run in bins, to be drawn."""

import random

import pytest

from core.evaluations.distributions import EDGES, Distribution
from core.evaluations.run_scores import RunScores


@pytest.mark.parametrize(
    ("score", "at"), [(-1.0, 0), (-0.98, 1), (0.0, 50), (0.0199, 50), (0.02, 51), (0.363, 68), (0.98, 99), (1.0, 99)]
)
def test_a_score_is_in_the_bin_that_begins_at_or_below_it(score: float, at: int) -> None:
    counts = Distribution.of(RunScores.of(non_mated=[score], mated=[])).non_mated
    assert [place for place, count in enumerate(counts) if count] == [at]
    assert EDGES[at] <= score <= EDGES[at + 1]


@pytest.mark.parametrize(("score", "at"), [(1.0000000000000002, 99), (-1.0000000000000002, 0)])
def test_what_rounding_puts_beyond_the_scale_is_counted_at_its_end(score: float, at: int) -> None:
    assert Distribution.of(RunScores.of(non_mated=[], mated=[score])).mated[at] == 1


def test_every_score_is_counted_once() -> None:
    chance = random.Random(3)
    scores = RunScores.of(non_mated=[chance.uniform(-1, 1) for _ in range(3001)], mated=[0.5] * 7)
    found = Distribution.of(scores)
    assert (sum(found.non_mated), sum(found.mated)) == (3001, 7)
    assert len(found.non_mated) == len(found.mated) == len(found.edges) - 1 == 100
