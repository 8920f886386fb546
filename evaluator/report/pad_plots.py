"""The plots of a PAD report: the scores of people and of each species of attack, and both error rates by threshold."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluator.metrics import Scores
from evaluator.report.drawing import INK
from evaluator.report.inline import MATED, NON_MATED, figure_of
from evaluator.report.wording import number, percent

#: Bins of the score axis, 0 to 1.
BINS = 40
#: Species of attack that have a row each; those with the most attacks.
MOST_SPECIES = 12
#: Characters of a species' name that there is room for.
LONGEST_NAME = 28


def scores_svg(groups: Sequence[tuple[str | None, Scores]], threshold: float) -> str:
    """A row a group: how its scores lie, each as high as its fullest bin. A species of None is bona fide."""
    edges = np.linspace(0, 1, BINS + 1)
    height = 0.9 + 0.62 * len(groups)
    described = "Scores of bona fide images and of each species of attack, with the threshold"
    with figure_of("scores", described, height=height) as (figure, drawn):
        axes = figure.subplots()
        for place, (species, scores) in enumerate(reversed(groups)):
            counts, _ = np.histogram(scores, edges)
            heights = place + 0.82 * counts / max(counts.max(), 1)
            color = MATED if species is None else NON_MATED
            axes.stairs(heights, edges, baseline=place, fill=True, color=color, alpha=0.3, linewidth=0)
            axes.stairs(heights, edges, baseline=place, color=color, linewidth=1.1)
        names = [f"{_short(species)}\n{number(scores.size)}" for species, scores in reversed(groups)]
        axes.set_yticks([place + 0.35 for place in range(len(groups))], names)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set(xlim=(0, 1), ylim=(0, len(groups)))
        axes.set_xlabel("liveness score")
        _threshold_line(axes, threshold)
    return drawn.getvalue()


def rates_svg(bona_fide: Scores, attacks: Sequence[Scores], threshold: float) -> str:
    """BPCER, and the largest APCER of any species, against the threshold; of images with a score."""
    with figure_of("rates", "BPCER and the largest APCER against the threshold") as (figure, drawn):
        axes = figure.subplots()
        at = np.unique(np.concatenate([[0.0, 1.0], bona_fide, *attacks]))
        refused = np.searchsorted(np.sort(bona_fide), at, side="left") / bona_fide.size
        passed = np.max([1 - np.searchsorted(np.sort(a), at, side="left") / a.size for a in attacks], axis=0)
        # A step changes just above a score: at the score itself the image still passes.
        axes.step(at, refused, where="pre", color=MATED, linewidth=1.5, label="BPCER")
        axes.step(at, passed, where="pre", color=NON_MATED, linewidth=1.5, label="APCER, largest")
        axes.yaxis.set_major_formatter(lambda share, _: percent(share))
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.set_xlabel("threshold")
        axes.set_title("BPCER and APCER", loc="left")
        axes.legend(loc="upper left", bbox_to_anchor=(0.56, 1), frameon=False, labelcolor=INK)
        _threshold_line(axes, threshold)
    return drawn.getvalue()


def _threshold_line(axes: Any, threshold: float) -> None:
    axes.axvline(threshold, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=3)


def _short(species: str | None) -> str:
    """As it fits beside the axis; a dollar sign begins no formula."""
    name = "bona fide" if species is None else species
    return (name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…").replace("$", r"\$")
