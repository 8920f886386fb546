"""SVG that may stand in an HTML page under its policy: no style of its own, ids that no other plot has.

Every colour becomes a CSS variable with a fallback, so that a plot follows the page's light or dark mode and is whole
without it.
"""

import re
from contextlib import AbstractContextManager
from functools import partial
from io import StringIO
from math import log10
from typing import Any

from evaluator.report.drawing import BLUE, FONTS, INK, MUTED, ORANGE, RULE, drawing

MATED, NON_MATED = BLUE, ORANGE
ZONE, ON_DOT = "#f2f1ea", "#fffffe"
STYLE = {"savefig.transparent": True, "path.simplify": False}
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    RULE: "rule",
    ZONE: "zone",
    MATED: "mated",
    NON_MATED: "non-mated",
    ON_DOT: "on-dot",
}


def figure_of(
    name: str, description: str, *, width: float = 6.3, height: float = 3.9
) -> AbstractContextManager[tuple[Any, StringIO]]:
    """A bare figure on the page's own ground; on leaving, its SVG is in the second value."""
    return drawing(description, (width, height), style=STYLE, finish=partial(_for_a_page, name))


def scaled(svg: str, figure: Any, axes: Any, kind: str) -> str:
    """With where its axes lie and what they span, so that the page's script finds the place of a threshold.

    `data-pick` is `threshold` where the x axis is one of scores, else `roc` or `det`; `data-axes` are left, right, top,
    bottom in units of the drawing, then the ends of both axes: the FMR's logarithm on a ROC's, deviates on a DET's.
    """
    width, height = (72 * inches for inches in figure.get_size_inches())
    box = axes.get_position()
    ends = [log10(end) for end in axes.get_xlim()] if kind == "roc" else [*axes.get_xlim()]
    places = [box.x0 * width, box.x1 * width, (1 - box.y1) * height, (1 - box.y0) * height]
    said = " ".join(f"{number:.6g}" for number in (*places, *ends, *axes.get_ylim()))
    return svg.replace("<svg ", f'<svg data-pick="{kind}" data-axes="{said}" ', 1)


def _for_a_page(name: str, svg: str) -> str:
    """Without a style sheet, which would be the whole page's; with ids that are this plot's, in the page's colours."""
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"(?<= id=\")(?=[^\"])", f"{name}-", svg)
    svg = re.sub(r"(?<=url\(#)|(?<=href=\"#)", f"{name}-", svg)
    for color, variable in _VARIABLES.items():
        svg = svg.replace(color, f"var(--{variable}, {color})")
    svg = re.sub(r"(?<=<)([a-z]+\b[^<>]*?) style=\"([^\"]*)\"", _without_style, svg)
    svg = re.sub(r"(?<= d=\")[^\"]*", lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), svg)
    # Said once, for it is a third of a plot's bytes; a turn by nothing is said by none.
    svg = svg.replace(f' font-family="{FONTS}"', "").replace("\n", " ")
    svg = re.sub(r' transform="rotate\(-0 [^"]*"', "", svg)
    return svg.replace("<svg ", f'<svg stroke-linejoin="round" font-family="{FONTS}" ', 1)


def _without_style(tag: re.Match[str]) -> str:
    """Attributes in place of a style, which the page's policy forbids: only its own style sheet is let in."""
    pairs = (declaration.partition(":") for declaration in tag[2].split(";") if declaration.strip())
    return tag[1] + "".join(f' {name.strip()}="{value.strip()}"' for name, _, value in pairs)
