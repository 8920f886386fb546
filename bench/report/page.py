"""The page, section by section, and the files that it is made of."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.report import plots
from bench.report.answer import answer
from bench.report.batches import batches
from bench.report.budget import budget
from bench.report.comparisons import latency, throughput
from bench.report.conditions import caveats, conditions
from bench.report.evaluation import evaluation
from bench.report.markdown import FOLDER, Lines
from bench.report.measurements import Json, memory_samples
from bench.report.missed import missed
from bench.report.scaling import memory, workers
from bench.report.simulation import simulation
from bench.report.variants import variants
from bench.report.wording import PLOTS

Section = Callable[[Json], Lines]
SECTIONS: tuple[Section, ...] = (
    answer,
    missed,
    conditions,
    throughput,
    latency,
    budget,
    batches,
    variants,
    evaluation,
    workers,
    memory,
    simulation,
    caveats,
)


def write(bench: Json, docs: Path) -> None:
    """Make performance.md and performance/*.svg in `docs`; plots of what was not measured are removed."""
    folder = docs / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    draw = drawings(bench)
    for name in PLOTS:
        path = folder / f"{name}.svg"
        if name in draw:
            path.write_text(draw[name](), encoding="utf-8")
        else:
            path.unlink(missing_ok=True)
    (docs / "performance.md").write_text(build_page(bench), encoding="utf-8")


def build_page(bench: Json) -> str:
    """The page as Markdown; a section whose measurements are missing is left out."""
    lines = ["# Performance", ""]
    for section in SECTIONS:
        lines += section(bench)
    return "\n".join(lines).rstrip() + "\n"


def drawings(bench: Json) -> dict[str, Callable[[], str]]:
    """How to draw each plot that the measurements allow, by its name in PLOTS; the drawing is an SVG."""
    found: dict[str, Callable[[], str]] = {}
    if comparisons := bench.get("comparisons"):
        found["throughput"] = partial(plots.throughput_svg, comparisons)
    if offered := bench.get("offered"):
        found["latency"] = partial(plots.latency_svg, offered)
    if budget := bench.get("budget"):
        found["budget"] = partial(plots.budget_svg, budget)
    if simulation := bench.get("simulation"):
        found["simulation"] = partial(plots.simulation_svg, simulation["gpu"])
    if samples := memory_samples(bench):
        found["memory"] = partial(plots.memory_svg, samples)
    return found
