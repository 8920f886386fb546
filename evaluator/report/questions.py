"""What is asked of two runs on the same pairs: of each kind of error, which run makes more of it?"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evaluator.metrics import (
    ScoreSet,
    difference_at_fmr,
    difference_at_same_fmr,
    difference_at_thresholds,
    false_matches_allowed,
    mcnemar,
    same_fmr,
    trials_needed,
)
from evaluator.metrics.people import Statistic
from evaluator.report.finished import RunsNotComparable
from evaluator.report.scores import ScoreTable

LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: At which thresholds: each run at its own, at those that give the baseline's FMR, at those of a given one.
OWN, SAME_FMR, AT_FMR = "own_thresholds", "same_fmr", "at_fmr"
MATED, NON_MATED = "mated", "non_mated"


@dataclass(frozen=True, slots=True)
class Contender:
    """A run that is held against another."""

    name: str
    table: ScoreTable
    #: Fixed beforehand, as the pack's own; None where nobody knows one.
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question about a run and the first, the baseline, before it is corrected for how many there are."""

    #: The place of the run among all; the baseline has place 0.
    run: int
    #: Of the pairs it is about.
    kind: str
    where: str
    thresholds: tuple[float, float]
    only_first_correct: int
    only_second_correct: int
    p_value: float
    #: For resamples: the error rate of the run less the baseline's.
    difference: Statistic
    #: With up to so many false matches the run's FMR is not told from the baseline's; None where thresholds are fixed.
    most_false_matches: int | None = None


def questions(first: Contender, other: Contender, place: int, *, at_fmr: float | None) -> Iterator[Question]:
    """Those about one run and the baseline: false non-matches at one FMR; then either error at their own thresholds.

    With `at_fmr`, the first alone. Raise RunsNotComparable where a run has no threshold, and where so few pairs cannot
    show an FMR of `at_fmr`.
    """
    a, b = first.table.score_set, other.table.score_set
    mated = a.mated
    has_both = mated.any() and not mated.all() and a.acquired.any() and b.acquired.any()
    if at_fmr is not None:
        _require_supported(at_fmr, int(np.count_nonzero(~mated)))
        if not has_both:
            raise RunsNotComparable("at one FMR, runs are compared that have mated and non-mated pairs; found one kind")
        allowed = int(false_matches_allowed(at_fmr, np.count_nonzero(~mated)))
        yield _at_one_fmr(a, b, place, AT_FMR, allowed, difference_at_fmr(a, b, at_fmr))
        return
    own = _threshold(first, 0), _threshold(other, place)
    right = a.correct(own[0]), b.correct(own[1])
    if has_both:
        allowed = int(np.count_nonzero(~right[0] & ~mated))
        yield _at_one_fmr(a, b, place, SAME_FMR, allowed, difference_at_same_fmr(a, b, own[0]))
    for kind, rows in ((NON_MATED, ~mated), (MATED, mated)):
        if rows.any():
            found = mcnemar(right[0][rows], right[1][rows])
            counts = found.only_first_correct, found.only_second_correct, found.p_value
            yield Question(place, kind, OWN, own, *counts, difference_at_thresholds(*right, rows))


def _at_one_fmr(a: ScoreSet, b: ScoreSet, place: int, where: str, allowed: int, difference: Statistic) -> Question:
    found = same_fmr(a, b, allowed)
    at = found.first_threshold, found.second_threshold
    counts = found.only_first_correct, found.only_second_correct, found.p_value
    return Question(place, MATED, where, at, *counts, difference, found.most_false_matches)


def _threshold(run: Contender, place: int) -> float:
    if run.threshold is None:
        option = "--threshold-b" if place else "--threshold-a"
        raise RunsNotComparable(
            f"run {LABELS[place]}, {run.name}, has no threshold: give one, {option}, or a common --at-fmr"
        )
    return run.threshold


def _require_supported(at_fmr: float, non_mated: int) -> None:
    if (needed := trials_needed(at_fmr)) > non_mated:
        raise RunsNotComparable(
            f"an FMR of {at_fmr:g} needs at least {needed} non-mated pairs; found {non_mated}: with fewer, even no "
            f"false match would not show it. Ask for a larger one, --at-fmr"
        )


def require_same_pairs(first: Contender, other: Contender) -> None:
    """Raise RunsNotComparable, naming the first pair that is not the same in both."""
    a, b = first.table, other.table
    for number, (one, two) in enumerate(zip(a.rows, b.rows, strict=False)):
        for what in ("reference", "probe", "mated", "fold"):
            ours, theirs = getattr(one, what), getattr(two, what)
            if ours != theirs:
                raise RunsNotComparable(
                    f"pair {number + 1} differs: {what} is {ours!r} in {first.name} and {theirs!r} in {other.name}"
                )
    if len(a.rows) != len(b.rows):
        longer, name = (a, first.name) if len(a.rows) > len(b.rows) else (b, other.name)
        shorter = min(len(a.rows), len(b.rows))
        extra = longer.rows[shorter]
        raise RunsNotComparable(
            f"{first.name} has {len(a.rows)} pairs and {other.name} {len(b.rows)}: only {name} has pair "
            f"{shorter + 1}, {extra.reference!r} and {extra.probe!r}"
        )
