"""Batches beside the engine alone, and what each process does for a pair."""

from bench.report.amounts import amount
from bench.report.markdown import Lines, paragraph, table
from bench.report.measurements import Json
from bench.report.wording import WAYS_OF_BATCHES, part_name


def batches(bench: Json) -> Lines:
    """Pairs a second, and the processor's time by process."""
    measured = bench.get("batches") or {}
    rates, costs = measured.get("mean_per_s") or {}, measured.get("mean_cpu_ms_per_pair") or {}
    if not rates or not costs:
        return []
    ways = [way for way in WAYS_OF_BATCHES if way in rates]
    parts = dict.fromkeys(part for way in ways for part, ms in costs[way].items() if ms >= 0.05 or part == "all")
    order = [*(part for part in parts if part != "all"), "all"]
    rows = [["pairs/s", *(amount(rates[way]) for way in ways)]]
    rows += [
        [
            f"CPU ms a pair: {part_name(part)}" if part != "all" else "**CPU ms a pair: all**",
            *(amount(costs[way][part]) if part in costs[way] else "" for way in ways),
        ]
        for part in order
    ]
    return [
        "## Batches",
        "",
        *paragraph(
            f"{amount(measured['pairs'])} pairs in one job, from the first byte of the submission to the end of the "
            "batch, and the engine alone between them; means:"
        ),
        *table(["", *(f"{WAYS_OF_BATCHES[way]}>" for way in ways)], rows),
        *paragraph(
            "While the photographs are received, sealed and stored no pair is compared yet: on few cores a batch "
            "cannot reach what the processor alone would allow."
        ),
    ]
