"""Comparisons through the API beside the engine alone and beside the plain synchronous design, in one run."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import click
import httpx
import numpy as np
from rich.console import Console
from rich.table import Table

from core.comparison import Policy
from core.packs import find_pack, load_catalogue
from core.settings import Settings, load_settings
from worker.engine.engine import Engine

PAIRS = (
    ("obama.jpg", "obama2.jpg"),
    ("obama.jpg", "biden.jpg"),
    ("obama3.jpg", "obama_partial_face.jpg"),
    ("biden.jpg", "obama2.jpg"),
)
Photographs = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One way of comparing, for some seconds."""

    per_s: float
    p50_ms: float
    p95_ms: float


def measure(
    compare: Callable[[bytes, bytes], object], photographs: Photographs, *, threads: int, for_s: float
) -> Measured:
    """Call `compare` from so many threads for so long; a call under way at the end counts by its share."""
    latencies: list[float] = []
    lock, turn = threading.Lock(), count()
    deadline = time.perf_counter() + for_s

    def work() -> None:
        while (began := time.perf_counter()) < deadline:
            compare(*photographs[next(turn) % len(photographs)])
            ended = time.perf_counter()
            with lock:
                latencies.append(ended - began)

    began = time.perf_counter()
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    lasted = time.perf_counter() - began
    p50, p95 = np.percentile(np.array(latencies) * 1000, [50, 95])
    return Measured(len(latencies) / lasted, float(p50), float(p95))


def engine_alone(settings: Settings) -> Engine:
    """The same pack and settings in this process, with no service around it."""
    pack = find_pack(settings.default_pack, load_catalogue(settings.home))
    engine = Engine.load(pack, settings.packs_path / pack.name, settings)
    engine.warm_up()
    return engine


def through_the_api(url: str) -> Callable[[bytes, bytes], object]:
    """From upload to the terminal state."""
    http = httpx.Client(base_url=url, timeout=60, limits=httpx.Limits(max_connections=64))

    def compare(reference: bytes, probe: bytes) -> object:
        files = {"reference": ("reference", reference), "probe": ("probe", probe)}
        job = http.post("/v1/comparisons", files=files, headers={"Prefer": "wait=30"}).raise_for_status().json()
        assert job["status"] == "succeeded", job
        return job

    return compare


@click.command()
@click.option("--seconds", default=10.0, show_default=True, help="How long each way is measured.")
@click.option("--clients", default=8, show_default=True, help="Clients of the API at a time.")
@click.option("--sync-url", help="A plain synchronous server with POST /compare, to measure as well.")
def main(seconds: float, clients: int, sync_url: str | None) -> None:
    """Measure against the running local stack."""
    settings = load_settings()
    folder: Path = settings.home / "samples"
    photographs = [((folder / a).read_bytes(), (folder / b).read_bytes()) for a, b in PAIRS]
    api = through_the_api(settings.api_url)
    measure(api, photographs, threads=2, for_s=2)
    found = {
        "api, one client": measure(api, photographs, threads=1, for_s=seconds),
        f"api, {clients} clients": measure(api, photographs, threads=clients, for_s=seconds),
    }
    engine = engine_alone(settings)

    def alone(reference: bytes, probe: bytes) -> object:
        return engine.compare(reference, probe, Policy.LARGEST)

    found["engine alone, one thread"] = measure(alone, photographs, threads=1, for_s=seconds)
    found["engine alone"] = measure(alone, photographs, threads=settings.worker_threads, for_s=seconds)
    table = Table("way", "comparisons/s", "p50 ms", "p95 ms", box=None, pad_edge=False)
    for name, m in found.items():
        table.add_row(name, f"{m.per_s:.1f}", f"{m.p50_ms:.0f}", f"{m.p95_ms:.0f}")
    Console().print(table)
    ratio = found[f"api, {clients} clients"].per_s / found["engine alone"].per_s
    print(json.dumps({"api_to_engine": round(ratio, 3)}))


if __name__ == "__main__":
    main()
