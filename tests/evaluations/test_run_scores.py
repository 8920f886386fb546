"""Where a score lies among the scores of a run, and how those are kept."""

import random
from array import array

import pytest

from core.evaluations.run_scores import RunScores
from core.standing import Tally

SCORES = RunScores.of(non_mated=[0.3, -0.1, 0.2, 0.2], mated=[0.7, 0.2])


@pytest.mark.parametrize(
    ("score", "as_high", "as_low"), [(-1.0, 4, 0), (-0.1, 4, 0), (0.2, 3, 1), (0.25, 1, 1), (0.7, 0, 2), (1.0, 0, 2)]
)
def test_a_tie_counts_on_either_side(score: float, as_high: int, as_low: int) -> None:
    assert (SCORES.as_high(score), SCORES.as_low(score)) == (Tally(4, as_high), Tally(2, as_low))


def test_where_there_are_no_pairs_of_a_kind_nothing_is_counted() -> None:
    nothing = RunScores.parse(RunScores.of(non_mated=[], mated=[]).text)
    assert (nothing.as_high(0.5), nothing.as_low(0.5)) == (None, None)


def test_they_are_kept_to_the_last_bit_in_eleven_bytes_each() -> None:
    chance = random.Random(7)
    non_mated, mated = ([chance.gauss(0, 0.2) for _ in range(3000)] for _ in range(2))
    text = RunScores.of(non_mated=non_mated, mated=mated).text
    assert len(text) < 6000 * 11
    assert RunScores.parse(text) == RunScores(array("d", sorted(non_mated)), array("d", sorted(mated)))


@pytest.mark.parametrize("text", ["", "AAAA", "AAAA AAAA", "AAAA AAAA AAAA", "**** "])
def test_what_is_no_scores_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        RunScores.parse(text)
