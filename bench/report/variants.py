"""The service with other settings, one beside the other."""

from bench.report.amounts import amount
from bench.report.markdown import Lines, paragraph, table
from bench.report.measurements import Json
from bench.report.wording import VARIANTS, part_name

PARTS = ("engine", "around", "object store", "api", "worker", "redis")


def variants(bench: Json) -> Lines:
    """Ratios of each, and the processor's time of a comparison by process."""
    measured = bench.get("variants") or {}
    found = measured.get("found") or {}
    if not found:
        return []
    ways = [name for name in VARIANTS if name in found]
    rows = [["comparisons/s", *(amount(found[name]["mean_per_s"]["api"]) for name in ways)]]
    for ratio, words in (("api_to_engine", "to its engine alone"), ("api_to_sync", "to the synchronous peer")):
        if all(ratio in found[name]["ratios"] for name in ways):
            rows.append([words, *(f"{found[name]['ratios'][ratio]:.2f}" for name in ways)])
    for part in PARTS:
        words = "around the engine" if part == "around" else f"- {part_name(part)}" if part != "engine" else "engine"
        rows.append([f"CPU ms a job: {words}", *(amount(found[name]["cpu_ms_per_job"][part]) for name in ways)])
    lines = [
        "## With other settings",
        "",
        *paragraph(
            "8 clients, each on a stack of its own, by turns with its engine alone and the peer, which stays as it is "
            "(float32); means. `worker` is what it costs beside the engine:"
        ),
        *table(["", *(f"{VARIANTS[name]}>" for name in ways)], rows),
    ]
    for name, why in (measured.get("missing") or {}).items():
        lines += paragraph(f"Not measured: {VARIANTS[name]}, for {why}.")
    return lines
