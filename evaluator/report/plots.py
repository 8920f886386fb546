"""The plots of a report, as SVG for an HTML page, in the page's own colours and font."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log10, sqrt
from typing import Any

import numpy as np
import scipy

from evaluator.metrics import ErrorCurve, Scores, zero_error_bound
from evaluator.report.drawing import INK, MUTED, RULE
from evaluator.report.inline import MATED, NON_MATED, ON_DOT, ZONE, figure_of, scaled
from evaluator.report.wording import number, percent

DEVIATE_TICKS = (0.0001, 0.001, 0.01, 0.05, 0.2, 0.5)


@dataclass(frozen=True, slots=True)
class Mark:
    """An operating point to be marked on a curve."""

    label: str
    fmr: float
    fnmr: float
    #: Whether it is the threshold the pack decides by, rather than one found on these pairs.
    chosen: bool = False


def ndtri(share: Any) -> Any:
    """Where a share, or each of several, lies on a normal-deviate axis."""
    return scipy.special.ndtri(share)


def set_deviate_axes(axes: Any, least: tuple[float, float], most: float) -> None:
    """FMR and FNMR on normal-deviate axes, each from its least, where the tick says 0, to `most`."""
    axes.set(xlim=(ndtri(least[0]), ndtri(most)), ylim=(ndtri(least[1]), ndtri(most)))
    for axis, smallest in ((axes.xaxis, least[0]), (axes.yaxis, least[1])):
        ticks = [tick for tick in DEVIATE_TICKS if tick >= 1.6 * smallest]
        axis.set_ticks(ndtri([smallest, *ticks]), ["0", *(percent(tick) for tick in ticks)])
    axes.set_xlabel("FMR (normal deviate)")
    axes.set_title("FNMR (normal deviate)", loc="left")


def roc_svg(curve: ErrorCurve, marks: Sequence[Mark] = ()) -> str:
    """1 - FNMR against FMR on a logarithmic axis, with its Clopper-Pearson band."""
    least = 0.5 / curve.non_mated_trials
    with figure_of("roc", "ROC curve: 1 - FNMR against FMR") as (figure, drawn):
        axes = figure.subplots()
        _draw_curve(axes, curve, lambda fmr: np.maximum(fmr, least), lambda fnmr: 1 - fnmr)
        lowest = _lower_limit(curve, least, marks)
        axes.set(xscale="log", xlim=(least, 1), ylim=(lowest, 1 + 0.02 * (1 - lowest)))
        axes.minorticks_off()
        decades = [10.0**power for power in range(floor(log10(1.6 * least)) + 1, 1)]
        axes.set_xticks([least, *decades], ["0", *(percent(decade) for decade in decades)])
        axes.yaxis.set_major_formatter(lambda share, _: percent(share))
        axes.set_xlabel("FMR (log)")
        axes.set_title("1 \u2212 FNMR", loc="left")
        axes.axvspan(least, zero_error_bound(curve.non_mated_trials), color=ZONE, zorder=0, linewidth=0)
        note = f"not shown by\n{number(curve.non_mated_trials)} pairs"
        axes.annotate(note, (0, 0), (4, 4), "axes fraction", textcoords="offset points", color=MUTED, fontsize=9.5)
        _mark(axes, marks, lambda mark: (max(mark.fmr, least), 1 - mark.fnmr), down=True)
    return scaled(drawn.getvalue(), figure, axes, "roc")


def det_svg(curve: ErrorCurve, marks: Sequence[Mark] = ()) -> str:
    """FNMR against FMR on normal-deviate axes, with its Clopper-Pearson band."""
    least = 0.5 / curve.non_mated_trials, 0.5 / curve.mated_trials
    most = 0.6

    def deviate(floor: float) -> Callable[[Scores], Scores]:
        def place(share: Scores) -> Scores:
            placed: Scores = ndtri(np.clip(share, floor, 1 - 1e-9))
            return placed

        return place

    x, y = deviate(least[0]), deviate(least[1])
    with figure_of("det", "DET curve: FNMR against FMR on normal-deviate axes") as (figure, drawn):
        axes = figure.subplots()
        _draw_curve(axes, curve, x, y)
        low = max(ndtri(least[0]), ndtri(least[1]))
        axes.plot([low, ndtri(most)], [low, ndtri(most)], color=RULE, linewidth=0.8, zorder=1)
        set_deviate_axes(axes, least, most)
        axes.axvspan(
            ndtri(least[0]), ndtri(zero_error_bound(curve.non_mated_trials)), color=ZONE, zorder=0, linewidth=0
        )
        axes.axhspan(ndtri(least[1]), ndtri(zero_error_bound(curve.mated_trials)), color=ZONE, zorder=0, linewidth=0)
        shown = [mark for mark in marks if mark.fmr <= most and mark.fnmr <= most]

        def place(mark: Mark) -> tuple[float, float]:
            return ndtri(max(mark.fmr, least[0])), ndtri(max(mark.fnmr, least[1]))

        _mark(axes, shown, place, down=False)
    return scaled(drawn.getvalue(), figure, axes, "det")


def histogram_svg(
    mated: Scores, non_mated: Scores, thresholds: Sequence[tuple[str, float]] = (), *, log: bool = False
) -> str:
    """How many pairs have which score; on a logarithmic scale of counts the tails can be seen."""
    name = "histogram-log" if log else "histogram"
    edges = score_edges(np.concatenate([mated, non_mated]))
    with figure_of(name, f"Histogram of scores{', logarithmic counts' if log else ''}") as (figure, drawn):
        axes = figure.subplots()
        least = 0.7 if log else 0.0
        highest = 1.0
        for scores, color, label in ((non_mated, NON_MATED, "non-mated"), (mated, MATED, "mated")):
            if not scores.size:
                continue
            counts, _ = np.histogram(scores, edges)
            highest = max(highest, counts.max())
            heights = np.maximum(counts, least)
            axes.stairs(heights, edges, baseline=least, fill=True, color=color, alpha=0.22, linewidth=0)
            axes.stairs(heights, edges, baseline=least, color=color, linewidth=1.1)
            middle = float(np.median(scores))
            axes.annotate(label, (middle, counts.max()), (0, 5), textcoords="offset points", ha="center", color=color)
        if log:
            axes.set_yscale("log")
            axes.minorticks_off()
            steps = (1, 2, 5) if highest < 30 else (1,)
            ticks = [step * 10**power for power in range(floor(log10(highest)) + 1) for step in steps]
            axes.set_yticks(ticks, [number(tick) for tick in ticks])
        else:
            axes.yaxis.get_major_locator().set_params(integer=True)
        axes.set(ylim=(least, highest**1.12 * 1.2 if log else 1.12 * highest), xlim=(edges[0], edges[-1]))
        axes.set_xlabel("comparison score")
        axes.set_title(f"pairs per bin{' (log)' if log else ''}", loc="left")
        threshold_lines(axes, thresholds)
    return scaled(drawn.getvalue(), figure, axes, "threshold")


def folds_svg(accuracies: Sequence[tuple[int, float]], mean: float, interval: tuple[float, float]) -> str:
    """The accuracy of each fold as a numbered dot; the mean, and the interval of the pooled accuracy behind it."""
    values = [accuracy for _, accuracy in accuracies]
    low, high = min([*values, interval[0]]), max([*values, interval[1]])
    dots: list[tuple[float, int, str]] = []
    for fold, accuracy in sorted(accuracies, key=lambda dot: (dot[1], dot[0])):
        near = [level for other, level, _ in dots if accuracy - other < 0.045 * (high - low)]
        dots.append((accuracy, min(set(range(len(near) + 1)) - set(near)), str(fold)))
    highest = max(level for _, level, _ in dots)
    with figure_of("folds", "Accuracy of each fold", height=1.1 + 0.26 * highest) as (figure, drawn):
        axes = figure.subplots()
        axes.axvspan(*interval, color=ZONE, zorder=0, linewidth=0)
        axes.axvline(mean, color=INK, linewidth=1, zorder=1)
        style = {"color": ON_DOT, "fontsize": 9.5, "ha": "center", "va": "center_baseline", "zorder": 3}
        for accuracy, level, label in dots:
            axes.plot(accuracy, level, "o", color=MATED, markersize=16, markeredgewidth=0, zorder=2)
            axes.annotate(label, (accuracy, level), **style)
        margin = 0.06 * (high - low) or 0.005
        axes.set(xlim=(low - margin, high + margin), ylim=(-0.8, highest + 0.9))
        axes.set_yticks([])
        axes.grid(visible=False)
        axes.spines.left.set_visible(False)
        axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.4g} %")
        axes.set_xlabel("accuracy; line: mean of the folds; shaded: 95 % interval of all decisions")
    return drawn.getvalue()


def score_edges(scores: Scores) -> Scores:
    """Where the bins of a histogram of these scores end, ascending; there must be a score."""
    bins = min(80, max(10, int(2 * sqrt(scores.size))))
    if not np.ptp(scores):
        return np.asarray(scores[0] + np.linspace(-0.5, 0.5, bins))
    return np.linspace(scores.min(), scores.max(), bins + 1)


def _draw_curve(axes: Any, curve: ErrorCurve, x: Callable[[Scores], Scores], y: Callable[[Scores], Scores]) -> None:
    """The curve over its band: the union of the boxes that both intervals span at each threshold by itself."""
    seen = seen_corners(curve)
    bands = seen.bands()
    edge_x = [bands.fmr_low, bands.fmr_low[-1:], bands.fmr_high[::-1], bands.fmr_high[:1]]
    edge_y = [bands.fnmr_low, bands.fnmr_high[-1:], bands.fnmr_high[::-1], bands.fnmr_low[:1]]
    axes.fill(x(np.concatenate(edge_x)), y(np.concatenate(edge_y)), color=MATED, alpha=0.16, linewidth=0, zorder=2)
    axes.plot(x(seen.fmr), y(seen.fnmr), color=MATED, linewidth=1.5, zorder=3, solid_joinstyle="round")


def seen_corners(curve: ErrorCurve) -> ErrorCurve:
    """Without the points inside level or upright runs, which stay straight on any pair of axes."""
    keep = np.ones(curve.thresholds.size, dtype=np.bool_)
    fm, fnm = curve.false_matches, curve.false_non_matches
    keep[1:-1] = ~((fm[:-2] == fm[2:]) | (fnm[:-2] == fnm[2:]))
    return ErrorCurve(curve.thresholds[keep], fm[keep], fnm[keep], curve.mated_trials, curve.non_mated_trials)


def _lower_limit(curve: ErrorCurve, least: float, marks: Sequence[Mark]) -> float:
    """Where the axis of 1 - FNMR begins: on a round figure below the band where there are errors, and every mark."""
    corners = seen_corners(curve)
    band = corners.bands().fnmr_high[corners.fmr >= 2 * least]
    miss = 1.1 * max(float(band.max(initial=0.0)), *(mark.fnmr for mark in marks), 0.0)
    return next((1 - step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if miss <= step), 0.0)


def _mark(axes: Any, marks: Sequence[Mark], place: Callable[[Mark], tuple[float, float]], *, down: bool) -> None:
    """Dots with their names beside them. A name runs to the right, so of close neighbours the left one steps away."""
    to_axes = axes.transData + axes.transAxes.inverted()
    following, level = np.inf, 0
    for mark in sorted(marks, key=lambda mark: mark.fmr, reverse=True):
        position = to_axes.transform(place(mark))[0]
        level = level + 1 if following - position < 0.22 else 0
        following = position
        away = (14 if down else 7) + 14 * level
        color = NON_MATED if mark.chosen else INK
        leader = {"arrowstyle": "-", "color": color, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 3}
        axes.plot(*place(mark), "D" if mark.chosen else "o", color=color, markersize=5, zorder=5, clip_on=False)
        axes.annotate(
            mark.label,
            place(mark),
            (4 if level else 8, -away if down else away),
            textcoords="offset points",
            color=color,
            zorder=6,
            arrowprops=leader | {"relpos": (0, 1 if down else 0)} if level else None,
        )


def threshold_lines(axes: Any, thresholds: Sequence[tuple[str, float]]) -> None:
    """Upright lines with their names above the plot, a row each, the leftmost highest: no name crosses a line."""
    low, high = axes.get_xlim()
    shown = sorted((threshold, label) for label, threshold in thresholds if low <= threshold <= high)
    for row, (threshold, label) in enumerate(reversed(shown)):
        axes.axvline(threshold, color=INK, linewidth=0.9, zorder=4)
        leader = {"arrowstyle": "-", "color": INK, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0)}
        axes.annotate(
            label,
            (threshold, 1),
            (0, 3 + 14 * row),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            annotation_clip=False,
            color=INK,
            arrowprops=leader if row else None,
        )
