"""The plots of docs/performance.md, each a whole SVG file on white, in the colours and font of the reports.

The same measurements give the same bytes. Lines carry their names, so that nothing rests on telling colours apart.
"""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from io import StringIO
from itertools import cycle
from math import ceil, floor, log10
from typing import Any

from bench.report.labels import End, apart, name_ends
from bench.report.measurements import Json, in_order, keeps_up, wall_ms
from bench.report.wording import AROUND, PLOTS, name_of, part_name
from evaluator.report.drawing import BLUE, INK, MUTED, ORANGE, drawing
from evaluator.report.wording import number

PAPER = "#ffffff"
GREEN, PURPLE = "#00795a", "#9a4f86"
WIDTH = 8.6
STYLE = {
    "figure.facecolor": PAPER,
    "figure.constrained_layout.w_pad": 0.12,
    "figure.constrained_layout.h_pad": 0.1,
}
LINES = {"engine": (INK, "s"), "api": (BLUE, "o"), "sync": (ORANGE, "^"), "deepface": (PURPLE, "D")}
OTHER = (GREEN, "v")
STATIONS: dict[str, tuple[str, Any]] = {
    "API": (INK, ":"),
    "network": (MUTED, (0, (5, 2))),
    "object store": (GREEN, "-."),
    "Redis": (ORANGE, "-"),
    "cores beside the GPUs": (PURPLE, "--"),
    "GPUs": (BLUE, "-"),
}
PROCESSES = {"worker": BLUE, "api": ORANGE, "redis": GREEN, "s3": PURPLE}


def throughput_svg(comparisons: Json) -> str:
    """Comparisons a second against clients at a time; what was not tried with as many goes on at its best, dotted."""
    counts = sorted({at["clients"] for points in comparisons.values() for at in points})
    with _figure("throughput", height=3.7) as (figure, drawn):
        axes = figure.subplots()
        ends = []
        for way, points in in_order(comparisons).items():
            color, marker = LINES.get(way, OTHER)
            clients, rates = [at["clients"] for at in points], [at["per_s"] for at in points]
            axes.plot(clients, rates, marker=marker, color=color, markersize=5, linewidth=1.6)
            last = rates[-1]
            if clients[-1] < counts[-1]:
                last = max(rates)
                axes.plot(
                    [clients[rates.index(last)], counts[-1]], [last, last], ":", color=color, linewidth=1, zorder=1
                )
            ends.append(End(counts[-1], last, name_of(way), color))
        axes.set_xscale("log", base=2)
        axes.set(ylim=(0, 1.1 * axes.dataLim.y1), xlim=(counts[0] / 1.1, counts[-1] * 1.1))
        axes.yaxis.get_major_locator().set_params(integer=True, nbins=6)
        _ticks(axes, counts)
        axes.set_xlabel("clients at a time, or threads that call the engine")
        axes.set_title("comparisons/s", loc="left")
        name_ends(axes, ends, inches=3.0)
    return drawn.getvalue()


def latency_svg(offered: Json) -> str:
    """p50, p95 and p99 against offered load, a panel for each way."""
    furthest = max(at["offered_per_s"] for points in offered.values() for at in points)
    with _figure("latency", height=3.7) as (figure, drawn):
        panels = figure.subplots(1, len(offered), sharey=True, squeeze=False)[0]
        ends: list[list[End]] = []
        for axes, (way, points) in zip(panels, offered.items(), strict=True):
            color, _ = LINES.get(way, OTHER)
            loads = [at["offered_per_s"] for at in points]
            faces = [color if keeps_up(at) else PAPER for at in points]
            ends.append([])
            for share, width in (("p50", 2.2), ("p95", 1.5), ("p99", 0.9)):
                times = [at[f"{share}_ms"] for at in points]
                axes.plot(loads, times, color=color, linewidth=width)
                axes.scatter(loads, times, s=20, color=faces, edgecolors=color, linewidths=1, zorder=3)
                ends[-1].append(End(loads[-1], times[-1], share, color))
            axes.set(yscale="log", xlim=(0, 1.04 * furthest))
            axes.set_title(name_of(way), loc="left", color=color)
            axes.set_xlabel("offered comparisons/s")
        _log_ticks(panels[0], _duration)
        for axes, names in zip(panels, ends, strict=True):
            name_ends(axes, names, inches=2.8)
    return drawn.getvalue()


def budget_svg(budget: Json) -> str:
    """Where a job's time goes: CPU by part, wall time by step; blue is the engine's own work."""
    cpu, wall = budget.get("cpu_ms_per_job") or {}, wall_ms(budget)
    bars = [
        (title, parts, own)
        for title, parts, own in (
            ("CPU time of a job", cpu, {"engine"}),
            ("wall time of a job on an idle stack", wall, wall.keys() - AROUND),
        )
        if parts
    ]
    with _figure("budget", height=0.35 + 1.45 * len(bars)) as (figure, drawn):
        for axes, bar in zip(figure.subplots(len(bars), 1, squeeze=False)[:, 0], bars, strict=True):
            _bar(axes, *bar)
    return drawn.getvalue()


def simulation_svg(points: Sequence[Json]) -> str:
    """What is served with more GPUs, and how busy each station is then."""
    counts = [point["count"] for point in points]
    with _figure("simulation", height=3.9) as (figure, drawn):
        left, right = figure.subplots(1, 2)
        lines = (
            ("offered_per_s", "the GPUs\nby themselves", INK, ":", 1.2),
            ("throughput_per_s", "one Redis,\none store", BLUE, "-", 2.2),
        )
        ends = []
        for key, label, color, style, width in lines:
            rates = [point[key] for point in points]
            left.plot(counts, rates, color=color, linestyle=style, linewidth=width, marker="o", markersize=4)
            ends.append(End(counts[-1], rates[-1], label, color))
        left.set_yscale("log")
        _log_ticks(left, lambda rate: number(round(rate)))
        left.set_title("comparisons/s, simulated", loc="left")
        name_ends(left, ends, inches=3.0)
        busy = []
        for name in points[0]["utilisation"]:
            color, style = STATIONS.get(name, (INK, "-"))
            shares = [100 * point["utilisation"][name] for point in points]
            right.plot(counts, shares, color=color, linestyle=style, linewidth=1.8)
            busy.append(End(counts[-1], shares[-1], name.replace(" the ", "\nthe "), color))
        right.set_ylim(0, 104)
        right.yaxis.set_major_formatter(lambda share, _: f"{share:.0f} %")
        right.set_title("busy, at all the GPUs could serve", loc="left")
        name_ends(right, busy, inches=3.0)
        for axes in (left, right):
            axes.set_xscale("log", base=2)
            axes.set_xlim(counts[0] / 1.1, counts[-1] * 1.1)
            axes.set_xlabel("GPUs")
            _ticks(axes, counts)
    return drawn.getvalue()


def memory_svg(panels: Mapping[str, Sequence[Json]]) -> str:
    """Resident memory over time, a panel for each title."""
    with _figure("memory", height=3.3) as (figure, drawn):
        for axes, (title, samples) in zip(
            figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
        ):
            minutes = [at["at_s"] / 60 for at in samples]
            ends = []
            for process, color in PROCESSES.items():
                if not all(f"{process}_mb" in at for at in samples):
                    continue
                sizes = [at[f"{process}_mb"] for at in samples]
                axes.plot(minutes, sizes, color=color, linewidth=1.6)
                ends.append(End(minutes[-1], sizes[-1], name_of(process), color))
            highest = max(axes.dataLim.y1, 1)
            axes.set(ylim=(0, 1.12 * highest), xlim=(0, minutes[-1] or 1))
            axes.set_xlabel("minutes")
            axes.set_title(f"MB, {title}", loc="left")
            name_ends(axes, ends, inches=2.4)
    return drawn.getvalue()


def _ticks(axes: Any, counts: Sequence[int]) -> None:
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.xaxis.minorticks_off()


def _log_ticks(axes: Any, shown: Callable[[float], str]) -> None:
    """Three ticks a decade where there are few decades, else one."""
    low, high = axes.get_ylim()
    steps = (1, 2, 5) if high / low < 300 else (1,)
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    ticks = [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
    axes.set_yticks(ticks, [shown(tick) for tick in ticks])
    axes.yaxis.minorticks_off()


def _duration(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.0f} s"


def _bar(axes: Any, title: str, parts: Mapping[str, float], own: Set[str]) -> None:
    """One bar, the engine's own parts in blue. A name stands in its part if it fits, else below with a line to it."""
    parts = {part: ms for part, ms in parts.items() if ms > 0}
    total = sum(parts.values())
    point = total / (72 * (WIDTH - 0.3))  # one typographic point, in milliseconds
    at = 0.0
    below: list[tuple[float, str]] = []
    ours, theirs = cycle((BLUE, "#2a86bf")), cycle(("#d9d7cc", "#f0c9a8"))
    for part, ms in parts.items():
        engine = part in own
        axes.barh(0, ms, left=at, height=1, color=next(ours if engine else theirs), edgecolor=PAPER, linewidth=1)
        name, middle = part_name(part), at + ms / 2
        lines = name.split() if len(name.split()) <= 2 else [name]
        if ms > point * (6.4 * max(map(len, lines)) + 6):
            shown = "\n".join([*lines, _ms(ms)])
            axes.annotate(shown, (middle, 0), color=PAPER if engine else INK, ha="center", va="center")
        else:
            below.append((middle, f"{name} {_ms(ms)}"))
        at += ms
    widths = [point * (5.6 * len(text) + 12) for _, text in below]
    centres = apart([middle for middle, _ in below], widths, total)
    for (middle, text), centre in zip(below, centres, strict=True):
        axes.plot([middle, middle, centre], [-0.5, -0.6, -0.8], color=MUTED, linewidth=0.7, clip_on=False)
        axes.annotate(text, (centre, -0.88), color=INK, ha="center", va="top", fontsize=10, annotation_clip=False)
    for text in axes.texts:
        text.set_in_layout(False)
    axes.set(xlim=(0, total), ylim=(-1.3, 0.5))
    axes.set_title(f"{title}: {_ms(total)} ms", loc="left")
    axes.set_axis_off()


def _ms(ms: float) -> str:
    return f"{ms:.{0 if ms >= 100 else 1}f}"


def _figure(plot: str, *, height: float) -> AbstractContextManager[tuple[Any, StringIO]]:
    """A bare figure on white; on leaving, its SVG is in the second value."""
    return drawing(PLOTS[plot], (WIDTH, height), style=STYLE, finish=_as_file)


def _as_file(svg: str) -> str:
    """Without empty lines and spaces at the end of others, as a file in a repository."""
    return re.sub(r"^ +\n| +$", "", svg, flags=re.MULTILINE)
