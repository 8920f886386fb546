"""Names beside what they name, moved apart where they would lie on each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any


@dataclass(frozen=True, slots=True)
class End:
    """The name of a line, at its end."""

    x: float
    y: float
    label: str
    color: str


def name_ends(axes: Any, ends: Sequence[End], *, inches: float) -> None:
    """Names at the ends of lines, moved apart where they would lie on each other; `inches` is the height of `axes`."""
    to_axes = axes.transData + axes.transAxes.inverted()
    placed = sorted(ends, key=lambda end: float(to_axes.transform((end.x, end.y))[1]))
    heights = [float(to_axes.transform((end.x, end.y))[1]) for end in placed]
    sizes = [14 * (end.label.count("\n") + 1) / (72 * inches) for end in placed]
    levels = apart(heights, sizes)
    for end, level, height in zip(placed, levels, heights, strict=True):
        right = float(to_axes.transform((end.x, end.y))[0])
        axes.annotate(
            end.label,
            (right, height),
            (9, 72 * inches * (level - height)),
            xycoords="axes fraction",
            textcoords="offset points",
            color=end.color,
            va="center",
            linespacing=1.1,
            annotation_clip=False,
        )


def apart(places: Sequence[float], sizes: Sequence[float], end: float = inf) -> list[float]:
    """Centres near `places`, which ascend, for things of these sizes: without overlap, and between 0 and `end`."""
    centres: list[float] = []
    edge = 0.0
    for place, size in zip(places, sizes, strict=True):
        centres.append(max(place, edge + size / 2))
        edge = centres[-1] + size / 2
    for member in reversed(range(len(centres))):
        centres[member] = min(centres[member], end - sizes[member] / 2)
        end = centres[member] - sizes[member] / 2
    return centres
