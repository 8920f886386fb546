"""The scores of a run that calibrated a pack: where another score lies among them."""

import base64
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self, TypeAlias

from core.standing import Tally

Scores: TypeAlias = "array[float]"


@dataclass(frozen=True, slots=True)
class RunScores:
    """Of the completed comparisons of a run, the score of each, ascending.

    Kept whole, in 10.7 bytes a comparison (64 kB for LFW), so that every count is what the run's score file says.
    """

    non_mated: Scores
    mated: Scores

    @classmethod
    def of(cls, *, non_mated: Iterable[float], mated: Iterable[float]) -> Self:
        """From scores in any order."""
        return cls(array("d", sorted(non_mated)), array("d", sorted(mated)))

    def as_high(self, score: float) -> Tally | None:
        """How many non-mated comparisons scored this or more; None where there are none.

        >>> RunScores.of(non_mated=[0.1, 0.3, 0.2], mated=[]).as_high(0.2)
        Tally(trials=3, beyond=2)
        """
        trials = len(self.non_mated)
        return Tally(trials, trials - bisect_left(self.non_mated, score)) if trials else None

    def as_low(self, score: float) -> Tally | None:
        """How many mated comparisons scored this or less; None where there are none."""
        trials = len(self.mated)
        return Tally(trials, bisect_right(self.mated, score)) if trials else None

    @property
    def text(self) -> str:
        """As Redis keeps it: little-endian float64 in base64, non-mated and mated."""
        return f"{_packed(self.non_mated)} {_packed(self.mated)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `text`. Raise ValueError for anything else."""
        non_mated, mated = text.split(" ")
        return cls(_unpacked(non_mated), _unpacked(mated))


def _packed(scores: Scores) -> str:
    return base64.b64encode(_little_endian(scores).tobytes()).decode()


def _unpacked(text: str) -> Scores:
    scores = array("d")
    scores.frombytes(base64.b64decode(text, validate=True))
    return _little_endian(scores)


def _little_endian(scores: Scores) -> Scores:
    """From the processor's order or back."""
    if sys.byteorder == "big":
        scores = array("d", scores)
        scores.byteswap()
    return scores
