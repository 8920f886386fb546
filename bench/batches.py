"""Batches beside the engine alone, by turns: distinct pairs, and one reference against many probes.

`python -m bench.batches [--rounds 3]` measures only these; `make bench` measures them too.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice
from statistics import mean
from typing import Any, TypeAlias

import click
from rich.console import Console

from bench.engine import EngineAlone
from bench.photographs import PAIRS, Pair, sample_pairs
from bench.stack import SERVICE, BenchStack, bench_stack
from core.settings import load_settings
from likeness.client import Client

#: Pairs of a batch.
COUNT = 100
ENGINE_S = 10.0
Say = Callable[[str], None]
Asked: TypeAlias = tuple[Mapping[str, bytes], Sequence[Mapping[str, str]] | None]


def photographs_of(pairs: Sequence[Pair]) -> list[bytes]:
    """The photographs of the sample pairs, by turns."""
    return [body for pair in pairs for body in (pair.reference, pair.probe)]


def distinct(pairs: Sequence[Pair]) -> tuple[dict[str, bytes], list[dict[str, str]]]:
    """As many pairs as COUNT, none of which shares a photograph with another: each has a byte of its own at its end."""
    photographs: dict[str, bytes] = {}
    listed = []
    for number, pair in enumerate(islice(cycle(pairs), COUNT)):
        mark = number.to_bytes(2, "big")
        photographs |= {f"r{number}": pair.reference + mark, f"p{number}": pair.probe + mark}
        listed.append({"reference": f"r{number}", "probe": f"p{number}"})
    return photographs, listed


def one_reference(pairs: Sequence[Pair]) -> dict[str, bytes]:
    """The short form: a reference, and COUNT probes."""
    bodies = photographs_of(pairs)
    probes = {f"p{n}": body + n.to_bytes(2, "big") for n, body in enumerate(islice(cycle(bodies), COUNT))}
    return {"reference": bodies[0], **probes}


def measure(
    engine: EngineAlone, stack: BenchStack, client: Client, pairs: Sequence[Pair], *, rounds: int, say: Say
) -> dict[str, Any]:
    """Pairs a second of each, from the first byte of the submission to the batch's end; and the ratios.

    And milliseconds of the processor for each pair, which hold on a machine that does other things meanwhile.
    """
    found: dict[str, list[float]] = {"engine": [], "distinct": [], "one_reference": []}
    cpu_ms: dict[str, list[dict[str, float]]] = {"engine": [], "distinct": [], "one_reference": []}
    ways: dict[str, Callable[[], Asked]] = {
        "distinct": lambda: distinct(pairs),
        "one_reference": lambda: (one_reference(pairs), None),
    }
    _pairs_per_s(client, one_reference(pairs), None)  # the pack is loaded from here on
    for number in range(rounds):
        say(f"engine alone, {COUNT} distinct pairs, one reference, round {number + 1} of {rounds}")
        for way, ask in ways.items():  # what the machine does meanwhile hits all of them: the engine is between them
            began = time.process_time()
            alone = engine.measure(pairs, for_s=ENGINE_S)
            found["engine"].append(alone.per_s)
            cpu_ms["engine"].append({"engine": (time.process_time() - began) * 1000 / alone.requests})
            asked, before = ask(), stack.cpu_s()
            found[way].append(_pairs_per_s(client, *asked))
            after = stack.cpu_s()
            cpu_ms[way].append({part: (after[part] - before[part]) * 1000 / COUNT for part in after})
    ratios = {
        "batch_to_engine": mean(found["distinct"]) / mean(found["engine"]),
        "one_reference_to_engine": mean(found["one_reference"]) / mean(found["engine"]),
    }
    return {
        "ratios": ratios,
        "batches": {
            "pairs": COUNT,
            "per_s": found,
            "cpu_ms_per_pair": cpu_ms,
            "mean_per_s": {way: mean(rates) for way, rates in found.items()},
            "mean_cpu_ms_per_pair": {way: _means(costs) for way, costs in cpu_ms.items()},
        },
    }


def _means(costs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """By part, and of all of them together."""
    means = {part: mean(cost[part] for cost in costs) for part in costs[0]}
    return {**means, "all": sum(means.values())}


def _pairs_per_s(client: Client, photographs: Mapping[str, bytes], pairs: Sequence[Mapping[str, str]] | None) -> float:
    began = time.perf_counter()
    batch = client.batches.submit(photographs, pairs)
    ended = client.batches.wait(batch.id, every_s=20.0)
    seconds = time.perf_counter() - began
    assert ended.status == "succeeded", ended
    client.batches.erase(batch.id)
    return ended.pairs / seconds


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
def main(rounds: int) -> None:
    """Measure batches beside the engine alone, on a stack of their own; print ratios of one run."""
    console = Console(stderr=True, highlight=False)
    settings = load_settings()
    pairs = sample_pairs(settings.home / "samples")
    assert len(pairs) == len(PAIRS)
    engine = EngineAlone(settings)
    with bench_stack((*SERVICE, "embedder"), console.print) as stack, Client(stack.url, timeout_s=120) as client:
        print(json.dumps(measure(engine, stack, client, pairs, rounds=rounds, say=console.print), indent=2))


if __name__ == "__main__":
    main()
