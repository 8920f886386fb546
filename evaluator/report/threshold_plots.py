"""Plots over the score axis: both error rates by threshold."""

from collections.abc import Sequence
from math import floor, log10

import numpy as np

from evaluator.metrics import Scores
from evaluator.report.inline import MATED, NON_MATED, figure_of, scaled
from evaluator.report.plots import threshold_lines
from evaluator.report.sweep import Sweep
from evaluator.report.wording import percent

#: That can be told apart on its axis.
PLACES = 300


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
            keep = _changing(swept, low + high)
            x, floored = swept.thresholds[keep], np.maximum(shares[keep], least)
            axes.fill_between(
                x,
                np.maximum(low[keep], least),
                np.maximum(high[keep], least),
                color=color,
                alpha=0.16,
                linewidth=0,
                step="post",
            )
            axes.step(x, floored, where="post", color=color, linewidth=1.5)
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


def _changing(swept: Sweep, low: Scores) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Where a new level begins; of those that fall on one place of the axis, the first."""
    begins = np.flatnonzero(np.concatenate([[True], np.diff(low) != 0]))
    from_left = swept.thresholds[begins] - swept.thresholds[0]
    places = np.floor(from_left / np.ptp(swept.thresholds) * PLACES)
    _, first = np.unique(places, return_index=True)
    return np.append(begins[first], low.size - 1)
