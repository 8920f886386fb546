"""False matches within and across groups: which two are taken for one another, and how far groups lie apart."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evaluator.metrics.groups import MIN_GROUP_TRIALS
from evaluator.metrics.rates import InsufficientData, Rate, clopper_pearson, rate
from evaluator.metrics.scores import Labels, ScoreSet, as_thresholds, count

#: A matrix of more could not be read, and would have too few trials a cell on any list that is published.
MOST_GROUPS = 12


@dataclass(frozen=True, slots=True)
class GroupCell:
    """The FMR of the pairs with one side in one group and the other in the other."""

    #: Not after `other` in the order of the labels; the same within a group.
    one: str
    other: str
    #: Refused below the least number of trials.
    fmr: Rate | InsufficientData


@dataclass(frozen=True, slots=True)
class GroupSpread:
    """How far rates lie apart: the highest over the lowest."""

    highest: str
    lowest: str
    #: None where the lowest rests on no error.
    ratio: float | None
    #: With `confidence`, the ratio of the true highest to the true lowest rate is at least that, 1 or more, ...
    low: float
    #: ... and at most that; None where nothing bounds it.
    high: float | None
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class GroupMatrix:
    """A cell for each two groups, and how far the FMRs within them lie apart."""

    labels: tuple[str, ...]
    cells: tuple[GroupCell, ...]
    within: GroupSpread | InsufficientData


def group_matrix(
    scores: ScoreSet,
    reference: Labels,
    probe: Labels,
    threshold: float,
    *,
    min_trials: int = MIN_GROUP_TRIALS,
    confidence: float = 0.95,
) -> GroupMatrix | InsufficientData:
    """FMR of every two groups at one threshold; which side is the reference makes no difference.

    `reference` and `probe` have shape (n,), "" where a side has no label. Raise ValueError for another shape, and for
    a NaN or infinite threshold.

    Source: NIST FRTE Part 3 (demographics), its heat maps; ISO/IEC 19795-10.
    """
    if reference.shape != scores.score.shape or probe.shape != scores.score.shape:
        raise ValueError(f"labels: shapes are {reference.shape} and {probe.shape}, scores has {scores.score.shape}")
    in_order = reference <= probe
    first, second = np.where(in_order, reference, probe), np.where(in_order, probe, reference)
    both = first != ""
    trials = ~scores.mated & scores.acquired & both
    matched = trials & (scores.score >= as_thresholds(threshold))
    labels = tuple(str(label) for label in np.unique(np.concatenate([first[first != ""], second[first != ""]])))
    if not labels:
        return InsufficientData("no pair has a label on both sides")
    if len(labels) > MOST_GROUPS:
        return InsufficientData(f"there are {len(labels)} groups, more than the {MOST_GROUPS} that a matrix can show")
    cells = []
    for i, one in enumerate(labels):
        for other in labels[i:]:
            cell = (first == one) & (second == other)
            cells.append(GroupCell(one, other, _rate(count(cell & matched), count(cell & trials), min_trials)))
    within = {cell.one: cell.fmr for cell in cells if cell.one == cell.other}
    return GroupMatrix(labels, tuple(cells), group_spread(within, confidence=confidence))


def group_spread(
    rates: Mapping[str, Rate | InsufficientData], *, confidence: float = 0.95
) -> GroupSpread | InsufficientData:
    """The highest over the lowest rate of groups, with an interval that holds whichever groups these are.

    Each of k groups gets a Clopper-Pearson interval at 1 - (1 - confidence) / k (Bonferroni), so that all of them hold
    at once; then the true highest rate lies between the highest of their lower and of their upper ends, the true
    lowest likewise, and the ratio between the ratios of those. The observed ratio itself is biased upwards: it picks
    the extremes.

    >>> spread = group_spread({"a": rate(20, 1000), "b": rate(10, 1000)})
    >>> spread.highest, spread.ratio, spread.low, round(spread.high, 1)
    ('a', 2.0, 1.0, 7.5)
    """
    known = {label: rate for label, rate in rates.items() if isinstance(rate, Rate)}
    if len(known) < 2:
        return InsufficientData(f"{len(known)} of {len(rates)} groups has enough trials; a ratio needs two")
    each = 1 - (1 - confidence) / len(known)
    ends = [clopper_pearson(rate.errors, rate.trials, each) for rate in known.values()]
    low, high = np.array([float(end[0]) for end in ends]), np.array([float(end[1]) for end in ends])
    by_value = sorted(known, key=lambda label: known[label].value)
    lowest, highest = by_value[0], by_value[-1]
    return GroupSpread(
        highest=highest,
        lowest=lowest,
        ratio=known[highest].value / known[lowest].value if known[lowest].errors else None,
        low=max(1.0, float(low.max() / high.min())),
        high=float(high.max() / low.min()) if low.min() > 0 else None,
        confidence=confidence,
    )


def _rate(errors: int, trials: int, least: int) -> Rate | InsufficientData:
    if trials < least:
        return InsufficientData(f"{trials} non-mated comparisons, fewer than {least}")
    return rate(errors, trials)
