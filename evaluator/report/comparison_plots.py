"""The plots of runs held against each other: all DET curves in one, and the scores of two runs pair by pair."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluator.metrics import Booleans, ErrorCurve, Scores, ScoreSet
from evaluator.report.drawing import INK, RULE
from evaluator.report.inline import MATED, NON_MATED, figure_of
from evaluator.report.plots import ndtri, set_deviate_axes

#: Told apart by every common colour vision, and on light and dark ground alike; from the sixth run on, by dashes too.
COLORS = (MATED, NON_MATED, "#009e73", "#b66dc2", "#8a8a80")
DASHES = ("-", "--", ":", "-.")
MOST = 0.6
#: Pairs that lie in one cell of so many by so many are one dot: 6000 would weigh a megabyte.
CELLS = 140
#: So many disagreements are drawn.
MOST_MARKED = 600


def dets_svg(curves: Sequence[tuple[str, ErrorCurve]], points: Sequence[tuple[float, float]] = ()) -> str:
    """FNMR against FMR of every run on normal-deviate axes, each with its name; `points` are where each decides.

    The curves are of the same pairs, so one axis says 0 for all.
    """
    least = min(0.5 / curve.non_mated_trials for _, curve in curves), min(0.5 / c.mated_trials for _, c in curves)
    with figure_of("dets", "DET curves of all runs: FNMR against FMR on normal-deviate axes", height=4.4) as drawing:
        figure, drawn = drawing
        axes = figure.subplots()
        diagonal = [max(ndtri(end) for end in least), ndtri(MOST)]
        axes.plot(diagonal, diagonal, color=RULE, linewidth=0.8, zorder=1)
        for place, (label, curve) in enumerate(curves):
            style = {"color": COLORS[place % len(COLORS)], "linestyle": DASHES[place // len(COLORS) % len(DASHES)]}
            seen = curve.corners()
            axes.plot(_deviate(seen.fmr, least[0]), _deviate(seen.fnmr, least[1]), linewidth=1.6, label=label, **style)
        for place, (fmr, fnmr) in enumerate(points):
            if fmr <= MOST and fnmr <= MOST:
                at = _deviate(np.array([fmr]), least[0]), _deviate(np.array([fnmr]), least[1])
                axes.plot(*at, "D", color=COLORS[place % len(COLORS)], markersize=6, zorder=5, clip_on=False)
        set_deviate_axes(axes, least, MOST)
        axes.legend(loc="upper right", frameon=False, labelcolor=INK)
    return drawn.getvalue()


def scatter_svg(
    name: str, labels: tuple[str, str], scores: tuple[ScoreSet, ScoreSet], thresholds: tuple[float, float]
) -> str:
    """Each pair by the scores of both runs: a dot where they agree, a mark where only one decides rightly."""
    first, second = scores
    both = first.acquired & second.acquired
    right = first.correct(thresholds[0]), second.correct(thresholds[1])
    agree = both & (right[0] == right[1])
    description = f"Scores of {labels[0]} against those of {labels[1]}; disagreements are marked"
    with figure_of(name, description, height=5.2) as (figure, drawn):
        axes = figure.subplots()
        for kind, color, label in ((~first.mated, NON_MATED, "non-mated"), (first.mated, MATED, "mated")):
            _dots(axes, first.score, second.score, agree & kind, color)
            axes.plot([], [], "o", color=color, markersize=4, label=label)
        for alone, marker, label in (
            (right[0] & ~right[1], "x", f"only {labels[0]} is right"),
            (~right[0] & right[1], "+", f"only {labels[1]} is right"),
        ):
            rows = np.flatnonzero(both & alone)[:MOST_MARKED]
            style = {"color": INK, "markersize": 6, "markeredgewidth": 1.3, "linestyle": "none"}
            axes.plot(first.score[rows], second.score[rows], marker, label=label, zorder=4, **style)
        axes.axvline(thresholds[0], color=INK, linewidth=0.8, zorder=3)
        axes.axhline(thresholds[1], color=INK, linewidth=0.8, zorder=3)
        axes.set_xlabel(f"comparison score, {labels[0]}")
        axes.set_title(f"comparison score, {labels[1]}", loc="left")
        axes.legend(loc="upper left", frameon=False, labelcolor=INK)
    return drawn.getvalue()


def _dots(axes: Any, x: Scores, y: Scores, rows: Booleans, color: str) -> None:
    """One path for all: a dot is a line of no length with round ends."""
    if not rows.any():
        return
    places = np.column_stack([x[rows], y[rows]])
    low, span = places.min(axis=0), np.maximum(np.ptp(places, axis=0), 1e-9)
    cells = np.unique(np.floor((places - low) / span * (CELLS - 1)), axis=0)
    centres = low + (cells + 0.5) / CELLS * span
    vertices = np.repeat(centres, 2, axis=0)
    vertices[1::2, 0] += 1e-6 * span[0]
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path  # heavy: loaded when the first plot is drawn

    codes = np.tile([Path.MOVETO, Path.LINETO], len(centres))
    axes.add_patch(
        PathPatch(
            Path(vertices, codes), fill=False, edgecolor=color, linewidth=1.9, alpha=0.45, capstyle="round", zorder=2
        )
    )
    axes.update_datalim(places)
    axes.autoscale_view()


def _deviate(share: Scores, least: float) -> Scores:
    placed: Scores = ndtri(np.clip(share, least, 1 - 1e-9))
    return placed
