"""The page, section by section, and the files that it is made of."""

from collections.abc import Callable
from pathlib import Path

from bench.report import plots
from bench.report.answer import answer
from bench.report.budget import budget
from bench.report.comparisons import latency, throughput
from bench.report.conditions import caveats, conditions
from bench.report.evaluation import evaluation
from bench.report.markdown import FOLDER, Lines
from bench.report.measurements import Json, memory_samples
from bench.report.missed import missed
from bench.report.scaling import memory, workers
from bench.report.simulation import simulation
from bench.report.wording import PLOTS

Section = Callable[[Json], Lines]
SECTIONS: tuple[Section, ...] = (
    answer,
    missed,
    conditions,
    throughput,
    latency,
    budget,
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
    drawn = _plots(bench)
    for name in PLOTS:
        path = folder / f"{name}.svg"
        if name in drawn:
            path.write_text(drawn[name], encoding="utf-8")
        else:
            path.unlink(missing_ok=True)
    (docs / "performance.md").write_text(build_page(bench), encoding="utf-8")


def build_page(bench: Json) -> str:
    """The page as Markdown; a section whose measurements are missing is left out."""
    lines = ["# Performance", ""]
    for section in SECTIONS:
        lines += section(bench)
    return "\n".join(lines).rstrip() + "\n"


def _plots(bench: Json) -> dict[str, str]:
    drawn = {}
    if comparisons := bench.get("comparisons"):
        drawn["throughput"] = plots.throughput_svg(comparisons)
    if offered := bench.get("offered"):
        drawn["latency"] = plots.latency_svg(offered)
    if budget := bench.get("budget"):
        drawn["budget"] = plots.budget_svg(budget)
    if simulation := bench.get("simulation"):
        drawn["simulation"] = plots.simulation_svg(simulation["gpu"])
    if samples := memory_samples(bench):
        drawn["memory"] = plots.memory_svg(samples)
    return drawn
