"""The service with other settings, each on a stack of its own, by turns with its own engine alone and the peer.

`python -m bench.variants` measures them by themselves.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import mean
from typing import Any

import click
from rich.console import Console

from bench.comparisons import Lengths, Say, Ways, by_turns, sync_server
from bench.engine import EngineAlone
from bench.load import Door
from bench.peers.venvs import NotInstalled
from bench.photographs import Pair, sample_pairs
from bench.stack import SERVICE, BenchStack, bench_stack
from core.settings import Settings, load_settings
from infra.local.samples import fetch_samples
from likeness.cli.packs import fetch_packs
from likeness.client import Client, ComparisonJob

RCLONE = {"LIKENESS_LOCAL_STORE": "rclone"}
OPENVINO = {"LIKENESS_PROVIDER": "openvino"}


@dataclass(frozen=True, slots=True)
class Variant:
    """What is set, and how photographs get there."""

    environment: Mapping[str, str]
    #: They are put into the object store by the client, and named; else sent with the submission.
    is_uploaded: bool = False

    def __str__(self) -> str:
        return " ".join(f"{key}={value}" for key, value in self.environment.items()) or "the usual settings"


#: The first is what everything else of a run is measured with.
VARIANTS: Mapping[str, Variant] = {
    "usual": Variant({}),
    "rclone": Variant(RCLONE),
    "uploads": Variant({"LIKENESS_UPLOADS": "true"}, is_uploaded=True),
    "openvino": Variant(OPENVINO),
    "openvino_rclone": Variant(OPENVINO | RCLONE),
}


def measure(settings: Settings, pairs: Sequence[Pair], lengths: Lengths, say: Say) -> dict[str, Any]:
    """What each variant makes of the same photographs, and, in `missing`, why one was not measured."""
    found: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name, variant in VARIANTS.items():
        if "LIKENESS_PROVIDER" in variant.environment and find_spec("openvino") is None:
            missing[name] = "openvino is not installed (docs/engine.md)"
            continue
        say(f"with {variant}")
        found[name] = _measure_one(settings, variant, pairs, lengths, say)
    return {"found": found, "missing": missing}


def ratios(variants: Mapping[str, Any]) -> dict[str, float]:
    """Those of the variants that are not measured elsewhere in a run, under names of their own."""
    return {
        f"{name}_{ratio}": value
        for name, one in variants["found"].items()
        if name != "usual"
        for ratio, value in one["ratios"].items()
    }


def _measure_one(
    settings: Settings, variant: Variant, pairs: Sequence[Pair], lengths: Lengths, say: Say
) -> dict[str, Any]:
    with (
        bench_stack(SERVICE, say, **variant.environment) as stack,
        _way(variant, stack) as api,
        _peer(settings) as peer,
    ):
        engine = EngineAlone(stack.settings)
        ways = Ways(engine, api, peer)
        for pair in pairs:  # connections are open and caches warm from here on
            ways.api(pair)
        turns = by_turns(ways, stack, pairs, lengths, say)
        rounds = turns["rounds"]
        engine_ms = 1000 * engine.cores / max(one["per_s"] for one in rounds["engine"])
        cpu = turns["cpu_ms_per_job"]
        return {
            "provider": engine.provider,
            "ratios": turns["ratios"],
            "mean_per_s": {way: mean(one["per_s"] for one in found) for way, found in rounds.items() if found},
            "cpu_ms_per_job": {
                "engine": engine_ms,
                **cpu,
                "worker": cpu["worker"] - engine_ms,
                "around": sum(cpu.values()) - cpu["load generator"] - engine_ms,
            },
        }


@contextmanager
def _way(variant: Variant, stack: BenchStack) -> Iterator[Callable[[Pair], object]]:
    if not variant.is_uploaded:
        door = Door(stack.url)
        yield lambda pair: door.submit(pair, wait_s=60)
        return
    with Client(stack.url) as client:

        def compare(pair: Pair) -> ComparisonJob:
            ids = client.uploads.put({"reference": pair.reference, "probe": pair.probe})
            return client.wait(client.submit(**ids).id)

        yield compare


@contextmanager
def _peer(settings: Settings) -> Iterator[Any]:
    with sync_server(settings, settings.packs.default, threads=1) as url:
        yield None if isinstance(url, NotInstalled) else Door(url).compare


@click.command(context_settings={"max_content_width": 100})
@click.option("--rounds", default=3, show_default=True, help="How often engine, service and peer take turns.")
@click.option("--round-s", default=8.0, show_default=True, help="How long each of them is measured in a round.")
def main(rounds: int, round_s: float) -> None:
    """Measure the service with other settings beside the engine alone; prints JSON.

    Nothing else should run on the machine meanwhile.
    """
    say = Console(stderr=True, highlight=False).print
    settings = load_settings()
    fetch_packs(settings)
    fetch_samples(settings.home)
    pairs = sample_pairs(settings.home / "samples")
    click.echo(json.dumps(measure(settings, pairs, Lengths(round_s=round_s, rounds=rounds), say), indent=2))


if __name__ == "__main__":
    main()
