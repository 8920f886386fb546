"""Error-versus-discard curves: what leaving out the worst images buys, a small plot a measure."""

from typing import Any

import numpy as np

from evaluator.report.drawing import MUTED
from evaluator.report.inline import MATED, figure_of
from evaluator.report.quality import NAMES
from evaluator.report.wording import percent

Json = dict[str, Any]


def discard_svg(name: str, curve: Json, highest: float) -> str:
    """FNMR against the share of mated pairs that is discarded, worst first; `highest` ends the axis of FNMR.

    Dashed: the least FNMR there could be, were the pairs that fail discarded first.
    """
    errors, discarded = np.array(curve["errors"]), np.array(curve["discarded"])
    pairs = curve["trials"][0] + curve["discarded"][0]
    share = discarded / pairs
    ideal = np.maximum(errors[0] - discarded, 0) / (pairs - discarded)
    with figure_of(
        f"discard-{name}", f"FNMR when the pairs worst in {NAMES[name]} are discarded", width=3.4, height=2.4
    ) as (
        figure,
        drawn,
    ):
        axes = figure.subplots()
        axes.fill_between(share, curve["low"], curve["high"], color=MATED, alpha=0.16, linewidth=0)
        axes.plot(share, ideal, color=MUTED, linewidth=1, linestyle="--")
        axes.plot(share, curve["fnmr"], color=MATED, linewidth=1.5)
        axes.set(xlim=(0, 0.5), ylim=(0, 1.05 * highest or 0.01))
        axes.xaxis.set_major_formatter(lambda value, _: percent(value))
        axes.yaxis.set_major_formatter(lambda value, _: percent(value))
        axes.locator_params(nbins=5)
        axes.set_xlabel("discarded")
        axes.set_title("FNMR", loc="left")
    return drawn.getvalue()
