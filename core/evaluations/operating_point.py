"""What a threshold costs among the scores of a run."""

from bisect import bisect_left
from dataclasses import dataclass
from typing import Self

from core.evaluations.run_scores import RunScores


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The errors of a run's completed comparisons at one threshold. A score on the threshold is a match."""

    threshold: float
    #: Non-mated comparisons that match ...
    false_matches: int
    #: ... among so many.
    non_mated: int
    #: Mated comparisons that do not match ...
    false_non_matches: int
    #: ... among so many.
    mated: int

    @classmethod
    def of(cls, scores: RunScores, threshold: float) -> Self:
        """Count them.

        >>> OperatingPoint.of(RunScores.of(non_mated=[0.1, 0.4], mated=[0.3, 0.4, 0.7]), 0.4)
        OperatingPoint(threshold=0.4, false_matches=1, non_mated=2, false_non_matches=1, mated=3)
        """
        non_mated, mated = len(scores.non_mated), len(scores.mated)
        false_matches = non_mated - bisect_left(scores.non_mated, threshold)
        return cls(threshold, false_matches, non_mated, bisect_left(scores.mated, threshold), mated)
