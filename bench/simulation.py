"""How far the service goes with more GPUs: a queueing network of what was measured, and what was assumed.

A job passes the API, the network, the object store, Redis, the cores beside a GPU and a GPU; a station serves in the
order of arrival, one job a server. Jobs arrive at the rate the GPUs could serve, and what saturates is looked at.
"""

import heapq
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from bench.carrying import carries
from core.settings import load_settings

Json = dict[str, Any]

JOBS = 10_000
SECONDS = 5  # a run also lasts so long, beside which filling and emptying the stations is short
SEED = 20261124
COUNTS = (1, 2, 4, 8, 16, 32, 64)
API, NETWORK, STORE, REDIS, BESIDE, GPU, WORKERS = (
    "API",
    "network",
    "object store",
    "Redis",
    "cores beside the GPUs",
    "GPUs",
    "workers",
)
ENGINE_STEPS = ("decode", "detect", "align", "embed", "score")
UPLOAD = (API, NETWORK, STORE, REDIS)
END = (REDIS, API)
GPU_ROUTE = (*UPLOAD, REDIS, NETWORK, STORE, BESIDE, GPU, *END)
CPU_ROUTE = (*UPLOAD, REDIS, NETWORK, STORE, WORKERS, *END)
ONE = {API: "one process", NETWORK: "one link", STORE: "one node", REDIS: "one thread", BESIDE: "those of one GPU"}
THEN = {
    API: "start more API processes; they share nothing",
    STORE: "add a node to the object store, or give each shard of jobs a bucket on a store of its own",
    REDIS: (
        "give each group of owners a Redis of its own, with its API and workers; `everysec` saves the syncs, "
        "`io-threads` only the socket work: commands stay on one thread"
    ),
    NETWORK: "take a faster link, or a second node of the object store with a link of its own",
    BESIDE: "put more cores beside each GPU, or ask clients for smaller photographs: decoding goes by the pixel",
    GPU: "add GPUs: nothing else is in their way",
    WORKERS: "add workers: nothing else is in their way",
}


@dataclass(frozen=True, slots=True)
class Station:
    """Servers behind one queue, and what a job asks of it over all its visits."""

    name: str
    servers: int
    demand_s: float
    #: Whether every visit takes the same time, rather than an exponential one.
    constant: bool = False

    @property
    def capacity_per_s(self) -> float:
        """Jobs a second, when it is never idle."""
        return self.servers / self.demand_s if self.demand_s else float("inf")

    def times(self, count: int) -> "Station":
        """So many of it, behind the same queue."""
        return replace(self, servers=self.servers * count)


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of a number of jobs."""

    throughput_per_s: float
    #: A station's name to the part of the time it was busy, 0 to 1.
    utilisation: dict[str, float]
    #: Time in the system, as is p95.
    mean_s: float
    p95_s: float


def run(stations: Sequence[Station], route: Sequence[str], *, rate_per_s: float, jobs: int, seed: int) -> Observed:
    """Send jobs with exponential gaps along a route; every visit to a station takes its part of the demand.

    Throughput and utilisation are of the whole time from nothing to the last end. Times in the system leave out the
    first tenth of the jobs, which find it empty.
    """
    if jobs < 10 or rate_per_s <= 0:
        raise ValueError("a simulation takes at least 10 jobs, and a rate above 0")
    random = np.random.default_rng(seed)
    visits = Counter(route)
    places = {station.name: place for place, station in enumerate(stations)}
    steps = []
    for name in route:
        station = stations[places[name]]
        mean = station.demand_s / visits[name]
        takes = np.full(jobs, mean) if station.constant else random.exponential(mean, jobs)
        steps.append((places[name], takes.tolist()))
    arrivals = np.cumsum(random.exponential(1 / rate_per_s, jobs)).tolist()
    ends = _ends(arrivals, steps, [station.servers for station in stations])
    lasted = max(ends)
    busy = [0.0] * len(stations)
    for place, spells in steps:
        busy[place] += sum(spells)
    spent = (np.array(ends) - np.array(arrivals))[jobs // 10 :]
    return Observed(
        jobs / lasted,
        {s.name: b / s.servers / lasted for s, b in zip(stations, busy, strict=True)},
        float(spent.mean()),
        float(np.percentile(spent, 95)),
    )


def _ends(arrivals: list[float], steps: list[tuple[int, list[float]]], servers: list[int]) -> list[float]:
    """Events are taken in the order of time, so who comes to a station gets the server that is free first."""
    free = [[0.0] * count for count in servers]
    events = [(at, job, 0) for job, at in enumerate(arrivals)]
    ends = [0.0] * len(arrivals)
    while events:
        now, job, step = events[0]
        if step == len(steps):
            ends[job] = now
            heapq.heappop(events)
            continue
        place, takes = steps[step]
        done = max(now, free[place][0]) + takes[job]
        heapq.heapreplace(free[place], done)
        heapq.heapreplace(events, (done, job, step + 1))
    return ends


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What could not be measured here."""

    gpu_per_s: float = 330
    gpu_source: str = (
        "measured elsewhere: four worker processes on one H100 and 16 cores, which were full before the GPU was "
        "([on a GPU](performance/gpu.md))"
    )
    cores_beside_gpu: int = 16
    #: The detector runs where the recogniser runs; see worker/engine/models.py.
    steps_beside_gpu: tuple[str, ...] = ("decode", "align")
    network_gbit_per_s: float = 10
    store_cores: int = 16
    #: As many API processes, and of what is added, are there as keep them this busy.
    utilisation: float = 0.7
    #: Latencies are taken at this part of what the smallest station can do: at full load they only show how long a
    #: simulation lasted.
    latency_load: float = 0.8

    def listed(self) -> list[Json]:
        """As the report shows them."""
        figures: list[tuple[str, float, str]] = [
            ("comparisons/s of one GPU, detection and embedding", self.gpu_per_s, self.gpu_source),
            (f"cores beside each GPU, for {' and '.join(self.steps_beside_gpu)}", self.cores_beside_gpu, "assumption"),
            ("Gbit/s of the object store's link, each way", self.network_gbit_per_s, "assumption"),
            ("cores of one node of the object store", self.store_cores, "assumption"),
            ("how busy API processes, and what is added, are kept", self.utilisation, "our choice"),
            ("part of the smallest capacity at which p95 is taken", self.latency_load, "our choice"),
        ]
        return [{"what": what, "value": value, "source": source} for what, value, source in figures]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a job costs, as the benchmark found it."""

    #: Processor seconds a job, as the next four.
    api_s: float
    store_s: float
    redis_s: float
    #: Celery, leases and results, without the engine.
    worker_s: float
    #: A core's time for one comparison, from the best throughput of the engine alone.
    engine_s: float
    #: The same by step. At rest both sides run at once, so a step has its share of the wall time, not the time.
    steps_s: dict[str, float]
    pair_bytes: float
    redis_commands: float
    cores: int

    @classmethod
    def of(cls, bench: Mapping[str, Any]) -> "Measured | None":
        """None where the budget of a job, or the size of the photographs, was not measured."""
        cpu, wall = ((bench.get("budget") or {}).get(group) for group in ("cpu_ms_per_job", "wall_ms"))
        if not cpu or not wall or not {"api", "object store", "redis", "engine"} <= cpu.keys():
            return None
        if not bench.get("photographs") or not bench.get("machine"):
            return None
        cores = bench["machine"]["cores"]
        best = max((at["per_s"] for at in (bench.get("comparisons") or {}).get("engine") or []), default=0)
        engine_s = cores / best if best else cpu["engine"] / 1000
        inside = {step: ms for step, ms in wall.items() if step in ENGINE_STEPS}
        commands = bench["budget"].get("redis_commands_per_job") or 0
        return cls(
            api_s=cpu["api"] / 1000,
            store_s=cpu["object store"] / 1000,
            redis_s=cpu["redis"] / 1000,
            worker_s=max(0, cpu.get("worker beside the engine", 0)) / 1000,
            engine_s=engine_s,
            steps_s={step: engine_s * ms / sum(inside.values()) for step, ms in inside.items()},
            pair_bytes=bench["photographs"]["mean_pair_bytes"],
            redis_commands=sum(commands.values()) if isinstance(commands, Mapping) else commands,
            cores=cores,
        )


def simulate(bench: Mapping[str, Any], assumed: Assumptions | None = None, *, jobs: int = JOBS) -> Json | None:
    """The `simulation` of bench.json; None where what it rests on was not measured."""
    measured, assumed = Measured.of(bench), assumed or Assumptions()
    if measured is None:
        return None
    beside_s = measured.worker_s + sum(measured.steps_s.get(step, 0) for step in assumed.steps_beside_gpu)
    shared, beside = _shared(measured, assumed), Station(BESIDE, assumed.cores_beside_gpu, beside_s)
    gpu = Station(GPU, 1, 1 / assumed.gpu_per_s, constant=True)
    worker = Station(WORKERS, measured.cores, measured.engine_s + measured.worker_s)

    def grown(route: Sequence[str], *stations: Station) -> list[Json]:
        """The points of 1 to 64 times these stations."""
        larger = [[station.times(count) for station in stations] for count in COUNTS]
        points = [_point([*shared, *own], route, measured.api_s, assumed, jobs) for own in larger]
        return [{"count": count} | point for count, point in zip(COUNTS, points, strict=True)]

    return {
        "jobs": jobs,
        "seed": SEED,
        "assumptions": assumed.listed(),
        "ceilings": _ceilings([*shared, beside], measured, assumed),
        "carries": carries(bench, store_cores=assumed.store_cores, utilisation=assumed.utilisation),
        "gpu": grown(GPU_ROUTE, beside, gpu),
        "cpu": grown(CPU_ROUTE, worker),
        "cores_per_worker": measured.cores,
    }


def _shared(measured: Measured, assumed: Assumptions) -> list[Station]:
    """What all workers have in common. The link is full duplex: every job goes in once and out once."""
    link_s = measured.pair_bytes * 8 / (assumed.network_gbit_per_s * 1e9)
    return [
        Station(NETWORK, 2, 2 * link_s, constant=True),
        Station(STORE, assumed.store_cores, measured.store_s),
        Station(REDIS, 1, measured.redis_s, constant=True),
    ]


def _point(stations: list[Station], route: Sequence[str], api_s: float, assumed: Assumptions, jobs: int) -> Json:
    """The last station decides what is offered; API processes are as many as the narrowest station can use."""
    offered = stations[-1].capacity_per_s
    narrowest = min(stations, key=lambda station: station.capacity_per_s)
    possible = narrowest.capacity_per_s
    api = Station(API, 1, api_s)
    jobs = max(jobs, ceil(SECONDS * possible))
    enough = api.times(_as_many(api, possible, assumed))
    full = run([enough, *stations], route, rate_per_s=offered, jobs=jobs, seed=SEED)
    calm = run([enough, *stations], route, rate_per_s=assumed.latency_load * possible, jobs=jobs, seed=SEED)
    needed = {station.name: _as_many(station, offered, assumed) for station in (api, *stations[:-1])}
    needed[NETWORK] = needed[STORE] = max(needed[NETWORK], needed[STORE])  # a node comes with a link
    return {
        "offered_per_s": offered,
        "throughput_per_s": full.throughput_per_s,
        "utilisation": full.utilisation,
        "p95_ms": calm.p95_s * 1000,
        "api_processes": enough.servers,
        "first": narrowest.name,
        "then": THEN[narrowest.name],
        "needed": {"API processes": needed[API], "Redis servers": needed[REDIS], "object store nodes": needed[STORE]}
        | ({"cores beside each GPU": assumed.cores_beside_gpu * needed[BESIDE]} if BESIDE in needed else {}),
    }


def _as_many(station: Station, rate_per_s: float, assumed: Assumptions) -> int:
    """How many of it leave some room at this rate."""
    return max(1, ceil(rate_per_s / station.capacity_per_s / assumed.utilisation))


def _ceilings(stations: list[Station], measured: Measured, assumed: Assumptions) -> list[Json]:
    """The most that one of each station can do, lowest first, and how many GPUs that feeds."""
    found: list[Json] = [
        {"station": station.name, "of": ONE[station.name], "per_s": station.capacity_per_s, "then": THEN[station.name]}
        | {"gpus": station.capacity_per_s / assumed.gpu_per_s}
        | ({"commands_per_s": station.capacity_per_s * measured.redis_commands} if station.name == REDIS else {})
        for station in (Station(API, 1, measured.api_s), *stations)
    ]
    return sorted(found, key=lambda ceiling: float(ceiling["per_s"]))


@click.command()
@click.option("--gpu-per-s", default=Assumptions().gpu_per_s, show_default=True, help="Comparisons/s of one GPU.")
@click.option("--cores", default=Assumptions().cores_beside_gpu, show_default=True, help="Cores beside each GPU.")
def main(gpu_per_s: float, cores: int) -> None:
    """Simulate once more from the stored measurements, with other assumptions; print, and write nothing."""
    bench = json.loads((load_settings().home / "bench.json").read_text())
    given = Assumptions(gpu_per_s=gpu_per_s, gpu_source="the command line", cores_beside_gpu=cores)
    simulated = simulate(bench, given)
    if simulated is None:
        raise click.ClickException("the budget of a job was not measured: make bench")
    table = Table(
        "GPUs", "offered/s", "served/s", "p95 ms", "API processes", "saturates first", box=None, pad_edge=False
    )
    for point in simulated["gpu"]:
        figures = (f"{point[key]:.0f}" for key in ("offered_per_s", "throughput_per_s", "p95_ms"))
        table.add_row(str(point["count"]), *figures, str(point["api_processes"]), point["first"])
    Console().print(table)


if __name__ == "__main__":
    main()
