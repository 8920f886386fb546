"""What one of each part carries: of comparisons, sent and uploaded, and of pairs in batches, by what each costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

#: What may be asked of the service, by the keys of bench.json.
KINDS = ("comparisons", "uploaded", "distinct", "one_reference")


@dataclass(frozen=True, slots=True)
class Part:
    """One that an operator may have several of."""

    name: str
    #: How much of it is one.
    of: str
    #: Processor seconds that one gives in a second.
    cores: float
    #: What it takes of a comparison, by the parts of the budget.
    in_budget: tuple[str, ...]
    #: The same where its photographs are uploaded, by the parts of the variants.
    in_variants: tuple[str, ...]
    #: What it takes of a pair of a batch, by the processes of the benchmark.
    in_batches: tuple[str, ...]


def carries(bench: Mapping[str, Any], *, store_cores: int, utilisation: float) -> list[Json]:
    """By part, how many comparisons and pairs a second it carries when it is so busy; [] without a budget.

    Only the processor is counted: neither the waiting for Redis's disk nor the network.
    """
    cpu = (bench.get("budget") or {}).get("cpu_ms_per_job") or {}
    if not cpu:
        return []
    uploads = ((bench.get("variants") or {}).get("found") or {}).get("uploads") or {}
    uploaded = uploads.get("cpu_ms_per_job") or {}
    batches = (bench.get("batches") or {}).get("mean_cpu_ms_per_pair") or {}
    cores = bench["machine"]["cores"]
    of_worker = f"{cores} cores" if cores != 1 else "1 core"
    found = []
    for part in (
        Part("API", "one process", 1, ("api",), ("api",), ("api",)),
        Part("Redis", "one thread", 1, ("redis",), ("redis",), ("redis",)),
        Part("object store", f"{store_cores} cores", store_cores, *3 * (("object store",),)),
        Part("worker", of_worker, cores, ("engine", "worker beside the engine"), ("engine", "worker"), ("embedder",)),
    ):
        demands = {
            "comparisons": sum(cpu.get(name, 0) for name in part.in_budget),
            "uploaded": sum(uploaded.get(name, 0) for name in part.in_variants),
        }
        for kind in KINDS[2:]:
            demands[kind] = sum((batches.get(kind) or {}).get(name, 0) for name in part.in_batches)
        rates = {kind: 1000 * utilisation * part.cores / ms for kind, ms in demands.items() if ms > 0}
        found.append({"part": part.name, "of": part.of, "per_s": rates})
    return found
