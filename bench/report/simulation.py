"""What a simulation makes of the budget with more GPUs: assumptions first, and no measurement among it."""

from collections.abc import Sequence

from bench.carrying import KINDS
from bench.report.amounts import amount, rate
from bench.report.markdown import Lines, image, paragraph, table
from bench.report.measurements import Json
from bench.report.wording import WAYS_OF_BATCHES
from evaluator.report.wording import number, several


def simulation(bench: Json) -> Lines:
    """What was assumed, the ceiling of each station, and what is served then."""
    simulated = bench.get("simulation") or {}
    if not simulated:
        return []
    assumed = [[a["what"], f"{a['value']:g}", a["source"]] for a in simulated["assumptions"]]
    return [
        "## With more GPUs: a simulation",
        "",
        *paragraph(
            "One GPU was [measured](performance/gpu.md), more were not. A queueing network takes the CPU time and the "
            "bytes of a job from the budget above, and the rest from this table:"
        ),
        *table(["assumed", "value>", "source"], assumed),
        *paragraph("What each station can do at most, the lowest first, and what to do then:"),
        *table(["station", "jobs/s>", "feeds GPUs>", "then"], [_ceiling(at) for at in simulated["ceilings"]]),
        *_carried(simulated.get("carries") or []),
        *image("simulation"),
        *paragraph(
            "Jobs arrive by chance (Poisson) at the rate the GPUs could serve, at least "
            f"{number(simulated['jobs'])} of them, seed {simulated['seed']}. A run begins and ends empty, so it serves "
            "a little less than is offered even where nothing is in the way. API processes are started as needed; "
            "Redis and the object store stay one. p95 is taken at a lower load, see above. The last columns say how "
            "many of each would keep up."
        ),
        *_grown("GPUs", simulated["gpu"]),
        *paragraph(
            f"The same without GPUs, workers of {several(simulated['cores_per_worker'], 'core')} and the engine as "
            "measured:"
        ),
        *_grown("workers", simulated["cpu"]),
        *paragraph(
            "Left out: the time Redis waits for the disk, the courier's work, batches on the GPU, machines that fail. "
            "Servers of one kind share one queue, which is kinder than shards are. `tests/bench/test_simulation.py` "
            "holds the simulation against the formulas for M/M/1, M/M/c and M/D/1."
        ),
    ]


def _carried(parts: Sequence[Json]) -> Lines:
    if not parts:
        return []
    kinds = {
        "comparisons": "comparisons/s",
        "uploaded": "comparisons/s, photographs uploaded",
        **{kind: f"pairs/s: {WAYS_OF_BATCHES[kind]}" for kind in KINDS[2:]},
    }
    shown = [kind for kind in kinds if any(kind in at["per_s"] for at in parts)]
    rows = [
        [f"{at['part']} ({at['of']})", *(rate(at["per_s"][kind]) if kind in at["per_s"] else "" for kind in shown)]
        for at in parts
    ]
    return [
        *paragraph(
            "To plan with: what one of each carries when it is as busy as assumed above, by its processor alone; "
            "neither the disk under Redis nor the network is in it."
        ),
        *table(["one", *(f"{kinds[kind]}>" for kind in shown)], rows),
    ]


def _ceiling(at: Json) -> list[str]:
    commands = f"; {number(round(at['commands_per_s']))} commands/s" if at.get("commands_per_s") else ""
    return [f"{at['station']} ({at['of']}{commands})", rate(at["per_s"]), amount(at["gpus"]), at["then"]]


def _grown(units: str, points: Sequence[Json]) -> Lines:
    rows = [
        [
            str(at["count"]),
            rate(at["offered_per_s"]),
            rate(at["throughput_per_s"]),
            amount(at["p95_ms"]),
            at["first"],
            *(number(count) for count in at["needed"].values()),
        ]
        for at in points
    ]
    needed = [f"{what}>" for what in points[0]["needed"]]
    return table([f"{units}>", "offered/s>", "served/s>", "p95 ms>", "saturates first", *needed], rows)
