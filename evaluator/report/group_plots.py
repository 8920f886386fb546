"""How the scores of each group lie: a line a group, mated and non-mated scores on it."""

from collections.abc import Mapping

import numpy as np

from evaluator.metrics import Scores
from evaluator.report.drawing import INK, MUTED
from evaluator.report.inline import MATED, NON_MATED, figure_of, scaled
from evaluator.report.plots import score_edges
from evaluator.report.wording import number

#: More would make a plot that nobody reads; the file has them all.
MOST_SHOWN = 12


def distributions_svg(groups: Mapping[str, tuple[Scores, Scores]], threshold: float) -> str:
    """Each group's mated and non-mated scores as shares of their own kind; at least one group must have scores."""
    shown = [(label, mated, non_mated) for label, (mated, non_mated) in groups.items() if mated.size + non_mated.size]
    shown = shown[:MOST_SHOWN]
    both = np.concatenate([np.concatenate([mated, non_mated]) for _, mated, non_mated in shown])
    edges = score_edges(both)
    with figure_of("groups", "Scores by group, mated and non-mated", height=0.7 + 0.62 * len(shown)) as (figure, drawn):
        axes = figure.subplots()
        for row, (label, mated, non_mated) in enumerate(shown):
            base = len(shown) - 1 - row
            for scores, color in ((non_mated, NON_MATED), (mated, MATED)):
                if not scores.size:
                    continue
                counts, _ = np.histogram(scores, edges)
                heights = base + 0.72 * counts / counts.max()
                axes.stairs(heights, edges, baseline=base, fill=True, color=color, alpha=0.22, linewidth=0)
                axes.stairs(heights, edges, baseline=base, color=color, linewidth=1)
            name = label if len(label) <= 48 else f"{label[:47]}…"
            said = f"  {number(mated.size)} mated, {number(non_mated.size)} non-mated"
            # A $ of a label would begin a formula.
            axes.text(edges[0], base + 0.76, name + said, color=INK, fontsize=9.5, va="bottom", parse_math=False)
        axes.axvline(threshold, color=MUTED, linewidth=0.9, zorder=4)
        axes.set(ylim=(-0.05, len(shown) + 0.1), xlim=(edges[0], edges[-1]), yticks=[])
        axes.spines.left.set_visible(False)
        axes.set_xlabel("comparison score")
    return scaled(drawn.getvalue(), figure, axes, "threshold")
