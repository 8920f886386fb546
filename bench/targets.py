"""What the project has set itself, and what was found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import mean
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """One figure that is to be at least, or at most, so much."""

    key: str
    name: str
    limit: float
    #: Gets the figure from bench.json; None where it was not measured.
    find: Callable[[Json], float | None]
    unit: str = ""
    #: Whether the limit is the least, and not the most, it may be.
    at_least: bool = False

    def held_against(self, found: float) -> dict[str, Any]:
        """As it stands in bench.json."""
        return {
            "key": self.key,
            "name": self.name,
            "target": f"{'>=' if self.at_least else '<='} {self.limit:g}{self.unit}",
            "found": f"{found:.3g}{self.unit}",
            "met": found >= self.limit if self.at_least else found <= self.limit,
        }


def targets(bench: Json) -> list[dict[str, Any]]:
    """Every target that this run has measured."""
    values = ((target, target.find(bench)) for target in TARGETS)
    return [target.held_against(value) for target, value in values if value is not None]


def _ratio(key: str) -> Callable[[Json], float | None]:
    def find(bench: Json) -> float | None:
        found: float | None = bench["ratios"].get(key)
        return found

    return find


def _p95_to_sync(bench: Json) -> float | None:
    rounds = bench.get("rounds") or {}
    if not rounds.get("sync"):
        return None
    ours, theirs = (mean(one["p95_ms"] for one in rounds[way]) for way in ("api", "sync"))
    return float(ours / theirs)


def _accepted(bench: Json) -> float | None:
    return bench["accept"]["p95_ms"] if bench.get("accept") else None


def _accepted_paced(bench: Json) -> float | None:
    return bench["accept"]["paced"]["p95_ms"] if (bench.get("accept") or {}).get("paced") else None


def _idle(bench: Json) -> float | None:
    return bench["idle"]["difference_ms"] if bench.get("idle") else None


def _around(bench: Json) -> float | None:
    cpu = (bench.get("budget") or {}).get("cpu_ms_per_job")
    return sum(ms for part, ms in cpu.items() if part not in ("engine", "load generator")) if cpu else None


def _redis_sent(bench: Json) -> float | None:
    found: float | None = (bench.get("budget") or {}).get("redis_sent_per_job")
    return found


TARGETS = (
    Target("api_to_engine", "comparisons/s, API / engine alone", 0.77, _ratio("api_to_engine"), at_least=True),
    Target("evaluation", "evaluation, engine alone / run", 0.95, _ratio("evaluation_to_engine"), at_least=True),
    Target(
        "batch", "pairs/s, batch of 100 distinct pairs / engine alone", 0.9, _ratio("batch_to_engine"), at_least=True
    ),
    Target(
        "one_reference",
        "pairs/s, one reference against 100 probes / engine alone",
        1.7,
        _ratio("one_reference_to_engine"),
        at_least=True,
    ),
    Target("api_to_sync", "comparisons/s, API / synchronous peer", 1.5, _ratio("api_to_sync"), at_least=True),
    Target(
        "openvino_api_to_sync",
        "comparisons/s, API with OpenVINO / synchronous peer",
        2,
        _ratio("openvino_api_to_sync"),
        at_least=True,
    ),
    Target("around", "CPU of a comparison around the engine", 15, _around, " ms"),
    Target("redis_sent", "commands sent to Redis for a comparison", 20, _redis_sent),
    Target("p95_to_sync", "p95 at 8 clients, API / synchronous peer", 1, _p95_to_sync),
    Target("idle", "idle latency, API - engine", 12, _idle, " ms"),
    Target("accept", "accepted (202), p95, 8 clients without a pause", 50, _accepted, " ms"),
    Target("accept_paced", "accepted (202), p95, twice as many as compared", 50, _accepted_paced, " ms"),
)

#: Of each target, what it allows at least, or at most.
LIMITS = {target.key: target.limit for target in TARGETS}
