"""Comparisons through the API beside the engine alone and the peers, by turns, in one run."""

import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import mean, median
from typing import Any

import httpx
import redis

from bench.engine import EngineAlone
from bench.load import Door, Measured, Refused, closed, offered
from bench.peers.venvs import NotInstalled, ensure_venv
from bench.photographs import PAIRS, Pair
from bench.stack import BenchStack
from core.settings import Settings
from infra.local.servers import free_port

PEERS = Path(__file__).with_name("peers")
CLIENTS = 8
END_OF_LOAD = "likeness-bench-the-load-is-over"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long each measurement takes, in seconds, and how often the main one is repeated."""

    round_s: float = 8.0
    rounds: int = 3
    point_s: float = 5.0
    accept_s: float = 4.0
    idle_comparisons: int = 60


@dataclass(frozen=True, slots=True)
class Ways:
    """Ways of comparing a pair. Each call returns when there is an answer."""

    engine: EngineAlone
    api: Callable[[Pair], object]
    sync: Callable[[Pair], object] | None


@contextmanager
def sync_server(settings: Settings, pack: str, threads: int) -> Iterator[str | NotInstalled]:
    """The plain synchronous peer, warm; or why it is not here."""
    python = ensure_venv("sync", settings.home)
    if isinstance(python, NotInstalled):
        yield python
        return
    port = free_port(18200)
    command = [str(python), str(PEERS / "sync_server.py"), "--pack", str(settings.packs.path / pack)]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--threads", str(threads), "--detection-threshold", "0.7"],
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while not _answers(f"{url}/health"):
            if process.poll() is not None or time.monotonic() > deadline:
                yield NotInstalled("the synchronous server did not start")
                return
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def deepface(settings: Settings, pack: str, seconds: float) -> Mapping[str, Any] | NotInstalled:
    """DeepFace over the same pairs in a process of its own."""
    python = ensure_venv("deepface", settings.home)
    if isinstance(python, NotInstalled):
        return python
    samples = settings.home / "samples"
    command = [str(python), str(PEERS / "deepface_loop.py"), "--pack", str(settings.packs.path / pack)]
    command += ["--home", str(settings.home / "bench" / "deepface"), "--seconds", str(seconds)]
    for reference, probe in PAIRS:
        command += ["--pair", str(samples / reference), str(samples / probe)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if ran.returncode:
        return NotInstalled((ran.stderr.strip().splitlines() or ["no reason given"])[-1])
    found: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return found


def by_turns(ways: Ways, stack: BenchStack, pairs: Sequence[Pair], lengths: Lengths, say: Say) -> dict[str, Any]:
    """Engine, API and peer one after the other, some rounds of it: what the machine does meanwhile hits all of them."""
    rounds: dict[str, list[Measured]] = {"engine": [], "api": [], "sync": []}
    spent: list[Mapping[str, float]] = []
    commands: list[Counter[str]] = []
    for number in range(lengths.rounds):
        say(f"engine, API and synchronous peer, round {number + 1} of {lengths.rounds}")
        rounds["engine"].append(ways.engine.measure(pairs, for_s=lengths.round_s))
        before, commands_before = _costs(stack)
        generator = time.process_time()
        rounds["api"].append(closed(ways.api, pairs, clients=CLIENTS, for_s=lengths.round_s))
        generator = time.process_time() - generator
        after, commands_after = _costs(stack)
        jobs = rounds["api"][-1].requests
        spent.append(
            {
                **{part: (after[part] - before[part]) * 1000 / jobs for part in after},
                "load generator": generator * 1000 / jobs,
            }
        )
        commands.append(Counter({name: count / jobs for name, count in (commands_after - commands_before).items()}))
        if ways.sync:
            rounds["sync"].append(closed(ways.sync, pairs, clients=CLIENTS, for_s=lengths.round_s))
    return {
        "ratios": {
            "api_to_engine": _ratio(rounds["api"], rounds["engine"]),
            **({"api_to_sync": _ratio(rounds["api"], rounds["sync"])} if ways.sync else {}),
        },
        "rounds": {way: [asdict(one) for one in found] for way, found in rounds.items()},
        "cpu_ms_per_job": {part: mean(one[part] for one in spent) for part in spent[0]},
        "redis_commands_per_job": round(mean(one.total() for one in commands)),
        "redis_commands": _by_name(commands),
    }


def redis_sent_per_job(url: str, compare: Callable[[Pair], object], pairs: Sequence[Pair], for_s: float) -> float:
    """Commands that come to Redis for a comparison, by MONITOR: what its scripts run for themselves is left out."""
    server = redis.Redis.from_url(url, decode_responses=True)
    monitor: Any = server.monitor()  # type: ignore[no-untyped-call]

    def load() -> int:
        try:
            return closed(compare, pairs, clients=CLIENTS, for_s=for_s).requests
        finally:
            server.echo(END_OF_LOAD)

    with server, monitor, ThreadPoolExecutor(1) as pool:
        jobs, sent = pool.submit(load), 0
        for seen in monitor.listen():
            if END_OF_LOAD in seen["command"]:
                break
            sent += seen["client_type"] != "lua"
        return sent / jobs.result()


def sweep(compare: Callable[[Pair], object], pairs: Sequence[Pair], clients: Sequence[int], for_s: float) -> list[Any]:
    """Throughput and latency at several numbers of clients."""
    return [asdict(closed(compare, pairs, clients=number, for_s=for_s)) for number in clients]


def under_load(compare: Callable[[Pair], object], pairs: Sequence[Pair], rates: Sequence[float], for_s: float) -> Any:
    """Latency at several offered rates."""
    points = []
    for rate in rates:
        one = offered(compare, pairs, per_s=rate, for_s=for_s)
        points.append({"offered_per_s": rate, "achieved_per_s": one.per_s, **_percentiles(one)})
    return points


def idle(ways: Ways, pairs: Sequence[Pair], comparisons: int) -> dict[str, float]:
    """One comparison at a time, engine and API by turns: medians in milliseconds."""
    took: dict[str, list[float]] = {"engine": [], "api": []}
    for number in range(comparisons):
        pair = pairs[number % len(pairs)]
        for way, compare in (("engine", ways.engine.compare), ("api", ways.api)):
            began = time.perf_counter()
            compare(pair)
            took[way].append((time.perf_counter() - began) * 1000)
    engine_ms, api_ms = median(took["engine"]), median(took["api"])
    return {"engine_ms": engine_ms, "api_ms": api_ms, "difference_ms": api_ms - engine_ms}


def accept(
    stack: BenchStack, door: Door, pairs: Sequence[Pair], for_s: float, *, worked_per_s: float
) -> dict[str, Any]:
    """How soon a submission is accepted while the workers have more to do than they can; cancels what then waits.

    Once from clients that submit as fast as they can, once at twice `worked_per_s`.
    """
    ids: list[str] = []

    def submit(pair: Pair) -> None:
        ids.append(door.submit(pair)["id"])

    for pair in [*pairs] * 30:
        submit(pair)
    before = stack.cpu_s()
    unpaced = closed(submit, pairs, clients=CLIENTS, for_s=for_s)
    spent = {part: 1000 * (after - before[part]) / unpaced.requests for part, after in stack.cpu_s().items()}
    rate = round(2 * worked_per_s)
    paced = offered(submit, pairs, per_s=rate, for_s=for_s)
    for job_id in ids:
        with suppress(Refused):  # it has ended
            door.post(f"/v1/comparisons/{job_id}/cancel")
    size = round(mean(len(body) for pair in pairs for body in (pair.reference, pair.probe)))
    return {
        "clients": CLIENTS,
        "photograph_bytes": size,
        "per_s": unpaced.per_s,
        **_percentiles(unpaced),
        "cpu_ms": sum(spent[part] for part in ("api", "object store", "redis")),
        "paced": {"offered_per_s": rate, **_percentiles(paced)},
    }


def wall_ms(door: Door, pairs: Sequence[Pair], rounds: int) -> dict[str, float]:
    """Where the time of one comparison goes on an idle stack, by what its record says of it; mean milliseconds.

    Both sides run at once there: the engine's steps are shown by their share of the engine's time.
    """
    found: list[dict[str, float]] = []
    for pair in [*pairs] * rounds:
        began = time.time()
        job = door.submit(pair, wait_s=60)
        took_ms = (time.time() - began) * 1000
        accepted_ms = (datetime.fromisoformat(job["created_at"]).timestamp() - began) * 1000
        steps = dict(job["timings_ms"])
        engine_ms = steps.pop("total")
        around = {"upload and accept": accepted_ms, **{step: steps.pop(step) for step in ("store", "queue", "fetch")}}
        inside = {step: ms * engine_ms / sum(steps.values()) for step, ms in steps.items()}
        rest = took_ms - engine_ms - sum(around.values())
        found.append({**around, **inside, "end and answer": rest})
    return {name: mean(one[name] for one in found) for name in found[0]}


def _percentiles(measured: Measured) -> dict[str, float]:
    return {name: getattr(measured, name) for name in ("p50_ms", "p95_ms", "p99_ms")}


def _ratio(ours: Sequence[Measured], theirs: Sequence[Measured]) -> float:
    return median(a.per_s / b.per_s for a, b in zip(ours, theirs, strict=True))


def _by_name(commands: Sequence[Counter[str]]) -> dict[str, float]:
    """How many of each a job takes, the most first; without those that not every tenth job takes."""
    counts = {name: mean(one[name] for one in commands) for one in commands for name in one}
    return {name: counts[name] for name in sorted(counts, key=lambda name: -counts[name]) if counts[name] >= 0.1}


def _costs(stack: BenchStack) -> tuple[dict[str, float], Counter[str]]:
    """Of the processor by part, and the commands that Redis has run, those within scripts counted."""
    server = redis.Redis.from_url(stack.settings.redis.database(0), decode_responses=True)
    try:
        ran: Any = server.info("commandstats")
        return stack.cpu_s(), Counter({key.removeprefix("cmdstat_").upper(): of["calls"] for key, of in ran.items()})
    finally:
        server.close()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
