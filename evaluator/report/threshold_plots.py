"""Plots over the score axis: both error rates by threshold."""

from collections.abc import Sequence
from math import floor, log10

import numpy as np

from evaluator.metrics import Scores
from evaluator.report.inline import MATED, NON_MATED, figure_of, scaled
from evaluator.report.plots import threshold_lines
from evaluator.report.sweep import Sweep
from evaluator.report.wording import percent

#: As many as there are places on its axis.
MOST_POINTS = 250


def rates_svg(swept: Sweep, thresholds: Sequence[tuple[str, float]] = ()) -> str:
    """FMR and FNMR against the threshold, on one logarithmic axis, each with its Clopper-Pearson band."""
    least = 0.5 / max(swept.non_mated_trials, swept.mated_trials)
    with figure_of("rates", "FMR and FNMR against the threshold, on one logarithmic axis") as (figure, drawn):
        axes = figure.subplots()
        both = (
            (swept.fmr, swept.fmr_low, swept.fmr_high, NON_MATED, "FMR"),
            (swept.fnmr, swept.fnmr_low, swept.fnmr_high, MATED, "FNMR"),
        )
        for shares, low, high, color, name in both:
            keep = _changing(low, high)
            x, floored = swept.thresholds[keep], np.maximum(shares[keep], least)
            axes.fill_between(
                x, np.maximum(low[keep], least), np.maximum(high[keep], least), color=color, alpha=0.16, linewidth=0
            )
            axes.plot(x, floored, color=color, linewidth=1.5)
            half = int(np.abs(floored - 0.4).argmin())
            away = (8, "left") if name == "FMR" else (-8, "right")
            axes.annotate(
                name, (x[half], floored[half]), (away[0], 0), textcoords="offset points", color=color, ha=away[1]
            )
        axes.set(yscale="log", ylim=(least, 1), xlim=(swept.thresholds[0], swept.thresholds[-1]))
        axes.minorticks_off()
        decades = [10.0**power for power in range(floor(log10(1.6 * least)) + 1, 1)]
        axes.set_yticks([least, *decades], ["0", *(percent(decade) for decade in decades)])
        axes.set_xlabel("threshold")
        axes.set_title("FMR and FNMR (log)", loc="left")
        threshold_lines(axes, thresholds)
    return scaled(drawn.getvalue(), figure, axes, "threshold")


def _changing(low: Scores, high: Scores) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The steps at which something changes, and the ones before: a level run needs its two ends."""
    changed = np.flatnonzero((np.diff(low) != 0) | (np.diff(high) != 0))
    seen = np.unique(np.concatenate([[0], changed, changed + 1, [low.size - 1]]))
    return np.append(seen[: -1 : 1 + seen.size // MOST_POINTS], seen[-1])
