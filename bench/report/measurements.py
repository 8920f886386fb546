"""What is in bench.json, as the sections and the plots take it."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.report.amounts import amount
from bench.report.wording import STEPS
from evaluator.report.wording import several

Json = Mapping[str, Any]

#: To make a comparison: the engine, the API, then its peers.
WAYS = ("engine", "api", "sync", "deepface")


def in_order(ways: Json) -> dict[str, Any]:
    """The engine first, then the API, then its peers; without those that were not measured."""
    names = [*(way for way in WAYS if way in ways), *(way for way in ways if way not in WAYS)]
    return {way: ways[way] for way in names if ways[way]}


def wall_ms(budget: Json) -> dict[str, float]:
    """How long each step of a job takes, in the order in which they come; without those it does not have."""
    steps = budget.get("wall_ms") or {}
    return {step: steps[step] for step in STEPS if step in steps}


def keeps_up(at: Json) -> bool:
    """Whether an offered load was achieved; arrivals by chance differ, so only a clear shortfall is one."""
    return bool(at["achieved_per_s"] >= 0.8 * at["offered_per_s"])


def memory_samples(bench: Json) -> dict[str, Sequence[Json]]:
    """The memory of the processes over time, by what they had to do."""
    queue, soak = bench.get("queue") or {}, bench.get("soak") or {}
    by_work = {}
    if samples := queue.get("memory"):
        by_work[several(queue["jobs"], "job")] = samples
    if samples := soak.get("rss"):
        by_work[f"soak of {amount(soak['minutes'])} minutes"] = samples
    return by_work
