"""`make bench`: everything measured in one run, into bench.json in the home and docs/performance.md."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import mean
from typing import Any

import click
import psutil
from rich.console import Console

from bench import batches, variants
from bench.comparisons import (
    CLIENTS,
    Lengths,
    Ways,
    accept,
    by_turns,
    deepface,
    idle,
    redis_sent_per_job,
    sweep,
    sync_server,
    under_load,
    wall_ms,
)
from bench.engine import EngineAlone
from bench.evaluation import Evaluations, Subject, beside_the_engine, in_company
from bench.load import Door, Measured, closed
from bench.peers.venvs import NotInstalled
from bench.photographs import Pair, pairs_of_bytes, sample_pairs, small_pairs, write_stand_in
from bench.profiler import held_ms_per_job
from bench.report import write
from bench.scaling import long_queue, soak
from bench.simulation import simulate
from bench.stack import EVALUATIONS, SERVICE, BenchStack, bench_stack
from bench.targets import targets
from core.settings import Settings, load_settings
from evaluator.datasets import PairList, parse_csv, parse_lfw
from infra.local.samples import fetch_samples
from likeness.cli.packs import fetch_packs
from likeness.client import Client

DOCS = Path(__file__).parent.parent / "docs"
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
ACCEPTED_BYTES = 200_000
STAND_IN_IMAGES = 1500
Say = Callable[[str], None]


class Bench:
    """One run of the benchmark. What has been measured is written down at once, whatever comes after."""

    def __init__(self, settings: Settings, say: Say, *, full: bool) -> None:
        self.say = say
        self.full = full
        self.settings = settings
        self.samples = settings.home / "samples"
        self.pairs = sample_pairs(self.samples)
        self.engine = EngineAlone(settings)
        self.lengths = Lengths(round_s=20, point_s=15, accept_s=8, idle_comparisons=200) if full else Lengths()
        self.began = time.monotonic()
        self.found: dict[str, Any] = {
            "version": 1,
            "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "code": _code_version(),
            "full": full,
            "machine": _machine(self.engine.provider),
            "settings": {
                "default_pack": settings.packs.default,
                "worker_threads": settings.worker.threads,
                "engine_threads": settings.engine.threads,
                "intra_op_threads": settings.engine.intra_op_threads,
                "detection_size": settings.engine.detection_size,
                "redis_fsync": settings.redis.fsync,
            },
            "photographs": {
                "pairs": len(self.pairs),
                "mean_pair_bytes": round(mean(len(pair.reference) + len(pair.probe) for pair in self.pairs)),
                "what": "sample photographs, 0.6 to 3.3 megapixels",
            },
            "ratios": {},
            "missing": {},
        }
        if not full:
            self.found |= _of_the_last_full_run(self.path, self.found["machine"])

    @property
    def path(self) -> Path:
        """Where everything is written to."""
        return self.settings.home / "bench.json"

    def keep(self, **groups: Any) -> None:
        """Add what was measured, and write all there is."""
        for ratio, value in groups.pop("ratios", {}).items():
            self.found["ratios"][ratio] = value
        self.found.update(groups)
        self.found["seconds"] = time.monotonic() - self.began
        self.found["targets"] = targets(self.found)
        self.path.write_text(json.dumps(self.found, indent=2) + "\n", encoding="utf-8")

    def comparisons(self, stack: BenchStack) -> None:
        """Throughput, latency, and where the time goes."""
        door, lengths, pairs = Door(stack.url), self.lengths, self.pairs

        def api(pair: Pair) -> object:
            return door.submit(pair, wait_s=60)

        closed(api, pairs, clients=2, for_s=3)  # connections are open and caches warm from here on
        with sync_server(self.settings, self.engine.pack.name, threads=1) as sync:
            if isinstance(sync, NotInstalled):
                self.found["missing"]["sync"] = sync.reason
            peer = None if isinstance(sync, NotInstalled) else Door(sync).compare
            ways = Ways(self.engine, api, peer)
            turns = by_turns(ways, stack, pairs, lengths, self.say)
            self.keep(ratios=turns["ratios"], rounds=turns["rounds"])
            self.say("latency of one comparison on an idle stack")
            self.keep(idle=idle(ways, pairs, lengths.idle_comparisons))
            self.say("what comes to Redis")
            sent = redis_sent_per_job(stack.settings.redis.database(0), api, pairs, lengths.accept_s)
            self._budget(turns, wall_ms(door, pairs, 5), sent)
            self._profile(stack, api)
            self.say("throughput and latency by concurrency")
            wide = (1, 2, 4, 8, 16, 32)
            comparisons = {"api": sweep(api, pairs, wide, lengths.point_s)}
            if peer:
                comparisons["sync"] = sweep(peer, pairs, wide, lengths.point_s)
            alone = [self.engine.measure(pairs, for_s=lengths.point_s, threads=n) for n in (1, 2, 4)]
            comparisons["engine"] = [asdict(one) for one in alone]
            self.keep(comparisons=comparisons)
            self.say("latency by offered load")
            most = max(one["per_s"] for one in comparisons["api"])
            rates = [round(most * share, 1) for share in (0.2, 0.4, 0.6, 0.8, 0.9)]
            offered = {"api": under_load(api, pairs, rates, lengths.point_s)}
            if peer:
                offered["sync"] = under_load(peer, pairs, rates[:3], lengths.point_s)
            self.keep(offered=offered)
        self._small(api)
        self.say("how soon a submission is accepted while the workers are saturated")
        photographs = pairs_of_bytes(self.samples, ACCEPTED_BYTES)
        self.keep(accept=accept(stack, door, photographs, lengths.accept_s, worked_per_s=most))

    def _budget(self, turns: Mapping[str, Any], wall: Mapping[str, float], redis_sent: float) -> None:
        cpu = dict(turns["cpu_ms_per_job"])
        engine_ms = 1000 * self.engine.cores / max(one["per_s"] for one in turns["rounds"]["engine"])
        worker_ms = cpu.pop("worker")
        cpu["rest"] += sum(cpu.pop(part) for part in ("surplus", "courier", "embedder", "evaluator"))
        budget = {
            "cpu_ms_per_job": {"engine": engine_ms, "worker beside the engine": worker_ms - engine_ms, **cpu},
            "engine_steps_ms": self.engine.steps_ms(self.pairs, for_s=self.lengths.point_s),
            "wall_ms": wall,
            "redis_sent_per_job": redis_sent,
            "redis_commands_per_job": turns["redis_commands_per_job"],
            "redis_commands": turns["redis_commands"],
        }
        self.keep(ratios={"worker_to_engine": engine_ms / worker_ms}, budget=budget)

    def _profile(self, stack: BenchStack, api: Callable[[Pair], object]) -> None:
        for_s, profile = self.lengths.round_s, {}

        def load() -> int:
            return closed(api, self.pairs, clients=CLIENTS, for_s=for_s).requests

        for part in ("api", "worker"):
            self.say(f"what Python does: {part}")
            held = held_ms_per_job(stack.busiest(part), load, for_s=for_s, home=self.settings.home)
            if isinstance(held, NotInstalled):
                self.found["missing"]["profile"] = held.reason
                return
            profile[part] = held
        self.keep(profile=profile)

    def _small(self, api: Callable[[Pair], object]) -> None:
        self.say("the same with images of 250 x 250 pixels")
        pairs = small_pairs(self.samples)
        engine = self.engine.measure(pairs, for_s=self.lengths.point_s)
        ours = closed(api, pairs, clients=CLIENTS, for_s=self.lengths.point_s)
        self.keep(
            ratios={"small_api_to_engine": ours.per_s / engine.per_s},
            small={"engine": asdict(engine), "api": asdict(ours)},
        )

    def deepface(self) -> None:
        """Last: it takes and frees gigabytes, and what is measured next may pay for having them faulted in."""
        self.say("DeepFace on the same photographs")
        peer = deepface(self.settings, self.engine.pack.name, self.lengths.round_s)
        if isinstance(peer, NotInstalled):
            self.found["missing"]["deepface"] = peer.reason
            self.keep()
            return
        ours = max(one["per_s"] for one in self.found["rounds"]["api"])
        shown = {name: value for name, value in peer.items() if name != "scores"}
        self.found["comparisons"]["deepface"] = [{"clients": 1, **shown}]
        self.keep(ratios={"api_to_deepface": ours / peer["per_s"]})

    def batches(self, stack: BenchStack) -> None:
        """Many pairs in one job, beside the engine alone."""
        with Client(stack.url, timeout_s=120) as client:
            rounds = self.lengths.rounds
            self.keep(**batches.measure(self.engine, stack, client, self.pairs, rounds=rounds, say=self.say))

    def evaluations(self, stack: BenchStack, lfw: Path | None) -> None:
        """LFW, or its stand-in, on the workers and on the engine alone; then again in company."""
        self.say("importing the images of the evaluation")
        subject = self._subject(stack, lfw)
        evaluations = Evaluations(stack, self.engine, subject)
        self.say(f"evaluating {len(subject.pairs.image_ids)} images: engine alone, cold, cached")
        found, run = beside_the_engine(evaluations, self.engine, subject)
        self.keep(evaluation=found, ratios={"evaluation_to_engine": found["engine_s"] / found["run_s"]})
        self.say("the same run on two workers, with a client that compares meanwhile")
        door = Door(stack.url)

        def api(pair: Pair) -> object:
            return door.submit(pair, wait_s=60)

        alone = closed(api, self.pairs, clients=1, for_s=self.lengths.point_s)
        with stack.also("embedder2", self.say):
            mixed, twin = in_company(evaluations, api, self.pairs, alone)
        same = evaluations.scores_sha256(run) == evaluations.scores_sha256(twin)
        mixed["evaluation_slowdown"] = mixed.pop("run_s") / found["run_s"]
        self.keep(mixed=mixed, evaluation={**found, "score_file_identical": same, "workers": [1, 2]})

    def _subject(self, stack: BenchStack, lfw: Path | None) -> Subject:
        if lfw is not None:
            listed = parse_lfw((lfw / "pairs.txt").read_bytes())
            return Subject("lfw", lfw / "lfw-deepfunneled.tgz", PairList(listed.pairs))
        archive, pairs = write_stand_in(self.samples, stack.home, images=STAND_IN_IMAGES)
        self.found["missing"]["lfw"] = (
            "its archive was not given (make bench LFW=folder): portraits cut from the samples"
        )
        return Subject("stand-in", archive, parse_csv(pairs.read_bytes()))

    def workers(self, stack: BenchStack) -> None:
        """The same load on one worker process and on two."""
        door = Door(stack.url)
        rates = []

        def measure() -> Measured:
            return closed(lambda p: door.submit(p, wait_s=60), self.pairs, clients=16, for_s=self.lengths.round_s)

        self.say("one worker process, then two")
        rates.append({"workers": 1, "per_s": measure().per_s})
        with stack.also("worker2", self.say):
            rates.append({"workers": 2, "per_s": measure().per_s})
        self.keep(workers=rates)


@click.command(context_settings={"max_content_width": 100})
@click.option("--full", is_flag=True, help="Longer, with 10,000 queued jobs and a soak of 30 minutes: about an hour.")
@click.option("--lfw", type=FOLDER, help="Folder with lfw-deepfunneled.tgz and pairs.txt; else a stand-in is made.")
@click.option("--soak-minutes", default=30.0, show_default=True, help="How long the soak of --full takes.")
def main(full: bool, lfw: Path | None, soak_minutes: float) -> None:
    """Measure the service beside the engine alone and beside its peers; write bench.json and docs/performance.md.

    Nothing else should run on the machine meanwhile: quote ratios of one run, never times.
    """
    console = Console(stderr=True, highlight=False)
    began = time.monotonic()

    def say(line: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.0f} s[/dim]  {line}")

    settings = load_settings()
    fetch_packs(settings)
    fetch_samples(settings.home)
    bench = Bench(settings, say, full=full)
    with bench_stack((*SERVICE, *EVALUATIONS), say) as stack:
        bench.comparisons(stack)
        bench.batches(stack)
        bench.evaluations(stack, lfw)
        bench.workers(stack)
        bench.deepface()
        if full:
            door = Door(stack.url)
            bench.keep(soak=soak(stack, lambda p: door.submit(p, wait_s=60), bench.pairs, soak_minutes, say))
    others = variants.measure(settings, bench.pairs, bench.lengths, say)
    bench.keep(variants=others, ratios=variants.ratios(others))
    if full:
        with bench_stack(SERVICE, say, LIKENESS_ENGINE="sleeping", LIKENESS_SLEEP_MS="20") as stack:
            bench.keep(queue=long_queue(stack, small_pairs(bench.samples), 10_000, say))
    if (simulation := simulate(bench.found)) is not None:
        bench.keep(simulation=simulation)
    write(bench.found, DOCS)
    for line in bench.found["targets"]:
        console.print(f"{'met    ' if line['met'] else 'not met'}  {line['name']}: {line['found']} ({line['target']})")
    console.print(f"{bench.path}, {DOCS / 'performance.md'}")


def _of_the_last_full_run(path: Path, machine: Mapping[str, Any]) -> dict[str, Any]:
    """What only a full run measures, if there was one on this machine, and where it comes from."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept = {group: before[group] for group in ("queue", "soak") if group in before}
    if not kept or before.get("machine") != machine:
        return {}
    return {**kept, "full_run": before.get("full_run") or {name: before[name] for name in ("code", "taken_at")}}


def _machine(provider: str) -> dict[str, Any]:
    models = [line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "onnxruntime": version("onnxruntime"),
        "provider": provider,
    }


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _code_version() -> str:
    ran = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=DOCS.parent, check=False
    )
    return ran.stdout.strip() or version("likeness")


if __name__ == "__main__":
    main()
