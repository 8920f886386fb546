"""Plots as SVG text: matplotlib lays them out, in one style, without a word of when and by what they were drawn.

matplotlib is heavy and loaded when the first plot is drawn; `pyplot` and its global state are not used.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from typing import Any
from xml.sax.saxutils import quoteattr

FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
INK, MUTED, RULE = "#1c1c1a", "#66665f", "#dcdcd4"
BLUE, ORANGE = "#0072b2", "#c84e00"  # told apart by every common colour vision
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "likeness",
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": MUTED,
    "axes.titlesize": 11,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
}


@contextmanager
def drawing(
    description: str, size: tuple[float, float], *, style: Mapping[str, Any], finish: Callable[[str], str]
) -> Iterator[tuple[Any, StringIO]]:
    """A bare figure, `size` in inches; on leaving, its SVG is in the second value, `finish`ed and described.

    `style` is what the figure has beside our common one: matplotlib's settings, by their names.
    """
    import matplotlib
    from matplotlib.figure import Figure

    drawn, raw = StringIO(), StringIO()
    with matplotlib.rc_context({**STYLE, **style}):
        figure = Figure(figsize=size, layout="constrained")
        yield figure, drawn
        figure.savefig(raw, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    svg = finish(_bare(raw.getvalue()))
    drawn.write(svg.replace("<svg ", f'<svg role="img" aria-label={quoteattr(description)} ', 1))


def _bare(svg: str) -> str:
    """Without dates, versions, remarks and a foreign document type; in the fonts of the reader."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    return re.sub(r"(?<=font-family: )[^;\"]*", FONTS, svg)
