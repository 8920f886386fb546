"""Both error counts at thresholds all along the scores: what the threshold picker of the page steps through."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from evaluator.metrics import InsufficientData, Scores, ScoreSet, clopper_pearson, upper_limit
from evaluator.metrics.curve import lacking
from evaluator.metrics.rates import count_at_or_above, count_below
from evaluator.metrics.scores import Counts

#: Steps of the picker: fine enough for a hand, few enough for a page.
MOST_STEPS = 600


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Every array has shape (k,), thresholds ascending; intervals are Clopper-Pearson, 95 %."""

    thresholds: Scores
    false_matches: Counts
    fmr_low: Scores
    fmr_high: Scores
    #: One-sided: with 95 % confidence the true FMR is at most that.
    fmr_upper: Scores
    false_non_matches: Counts
    fnmr_low: Scores
    fnmr_high: Scores
    non_mated_trials: int
    mated_trials: int

    @property
    def fmr(self) -> Scores:
        """Shape (k,)."""
        return self.false_matches / self.non_mated_trials

    @property
    def fnmr(self) -> Scores:
        """Shape (k,)."""
        return self.false_non_matches / self.mated_trials

    @property
    def data(self) -> str:
        """As JSON for the page's script: numbers only; the rates of intervals to four digits."""
        counts = {"thresholds": self.thresholds, "fm": self.false_matches, "fnm": self.false_non_matches}
        limits = {
            **{"fmr_low": self.fmr_low, "fmr_high": self.fmr_high, "fmr_upper": self.fmr_upper},
            **{"fnmr_low": self.fnmr_low, "fnmr_high": self.fnmr_high},
        }
        columns = {name: column.tolist() for name, column in counts.items()}
        columns |= {name: [float(f"{limit:.4g}") for limit in column] for name, column in limits.items()}
        trials = {"non_mated": self.non_mated_trials, "mated": self.mated_trials}
        return json.dumps({**trials, **columns}, separators=(",", ":"))


def sweep(scores: ScoreSet, named: Sequence[float] = ()) -> Sweep | InsufficientData:
    """At round thresholds over the whole range of the scores, and exactly at those `named`."""
    mated, non_mated = scores.mated_scores, scores.non_mated_scores
    if missing := lacking(mated, non_mated):
        return missing
    both = np.concatenate([mated, non_mated])
    thresholds = np.unique(np.concatenate([_round(float(both.min()), float(both.max())), named]))
    false_matches, false_non_matches = count_at_or_above(non_mated, thresholds), count_below(mated, thresholds)
    fmr, fnmr = clopper_pearson(false_matches, non_mated.size), clopper_pearson(false_non_matches, mated.size)
    return Sweep(
        thresholds=thresholds,
        false_matches=false_matches,
        fmr_low=fmr[0],
        fmr_high=fmr[1],
        fmr_upper=upper_limit(false_matches, non_mated.size),
        false_non_matches=false_non_matches,
        fnmr_low=fnmr[0],
        fnmr_high=fnmr[1],
        non_mated_trials=non_mated.size,
        mated_trials=mated.size,
    )


def _round(low: float, high: float) -> Scores:
    """Multiples of 1, 2 or 5 times a power of ten, from just below the lowest score to just above the highest.

    >>> _round(0.1, 0.9)[:3].tolist(), _round(0.5, 0.5).tolist()
    ([0.1, 0.102, 0.104], [0.4, 0.5, 0.6])
    """
    if low == high:
        return low + np.array([-0.1, 0.0, 0.1])
    least = (high - low) / MOST_STEPS
    decade = floor(log10(least))
    power, factor = next((decade + (f == 10), f % 10 or 1) for f in (1, 2, 5, 10) if f * 10.0**decade >= least)
    steps = np.arange(floor(low / (factor * 10.0**power)), ceil(high / (factor * 10.0**power)) + 1)
    return np.array([float(f"{step * factor}e{power}") for step in steps.astype(np.int64)])
