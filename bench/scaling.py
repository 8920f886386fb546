"""What becomes of it when there is more: of workers, of jobs, of hours."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import redis

from bench.load import Door, closed
from bench.photographs import Pair
from bench.stack import BenchStack
from core.comparisons.store import JobStore
from core.storage.connection import connect
from core.storage.lifecycle import Status

WATCHED = ("worker", "api", "redis", "object store")
Say = Callable[[str], None]


def long_queue(stack: BenchStack, pairs: Sequence[Pair], jobs: int, say: Say) -> dict[str, Any]:
    """Submit so many jobs as fast as they are taken, and watch what the parts hold while the workers work them off."""
    door, store = Door(stack.url), JobStore.of(stack.settings)
    server = redis.Redis.from_url(stack.settings.redis.database(0), decode_responses=True)
    empty = _used_bytes(server)
    began = time.monotonic()
    memory = [_memory(stack, began, 0)]
    taken = closed(lambda pair: door.submit(pair), pairs, clients=8, for_s=1)
    submitted, rate = taken.requests, taken.per_s
    most_waiting, per_job_queued = 0, 0.0
    while submitted < jobs:
        taken = closed(lambda pair: door.submit(pair), pairs, clients=8, for_s=min(5, (jobs - submitted) / rate))
        submitted, rate = submitted + taken.requests, taken.per_s
        waiting = store.waiting().in_all
        if waiting > most_waiting:
            most_waiting, per_job_queued = waiting, (_used_bytes(server) - empty) / submitted
        memory.append(_memory(stack, began, submitted - waiting))
        say(f"{submitted} of {jobs} submitted, {waiting} wait")
    submit_s = time.monotonic() - began
    while waiting := _unfinished(stack):
        time.sleep(1)
        memory.append(_memory(stack, began, submitted - waiting))
        say(f"{submitted - waiting} of {submitted} ended")
    lasted_s = time.monotonic() - began
    return {
        "jobs": submitted,
        "engine": stack.settings.engine.kind,
        "most_waiting": most_waiting,
        "submit_per_s": submitted / submit_s,
        "drain_per_s": submitted / lasted_s,
        "redis_bytes_per_job_queued": per_job_queued,
        "redis_bytes_per_job_ended": (_used_bytes(server) - empty) / submitted,
        "memory": memory,
    }


def soak(stack: BenchStack, compare: Callable[[Pair], object], pairs: Sequence[Pair], minutes: float, say: Say) -> Any:
    """Compare without a pause for so long; how memory grows, per hour, after a first tenth for warming up."""
    began, jobs = time.monotonic(), 0
    rss: list[dict[str, float]] = []
    while (passed_s := time.monotonic() - began) < minutes * 60:
        jobs += closed(compare, pairs, clients=4, for_s=15).requests
        rss.append(_memory(stack, began, jobs))
        say(f"soak: {passed_s / 60:.0f} of {minutes:g} minutes, {jobs} comparisons")
    warm = [point for point in rss if point["at_s"] > minutes * 6]
    hours = [point["at_s"] / 3600 for point in warm]
    slopes = {name: float(np.polyfit(hours, [point[key] for point in warm], 1)[0]) for name, key in _keys()}
    return {"minutes": minutes, "jobs": jobs, "rss": rss, "slope_mb_per_h": slopes}


def _memory(stack: BenchStack, began: float, ended: int) -> dict[str, float]:
    rss = stack.rss_mb()
    return {"at_s": time.monotonic() - began, "ended": ended, **{key: rss[name] for name, key in _keys()}}


def _keys() -> Iterator[tuple[str, str]]:
    return ((name, ("s3" if name == "object store" else name) + "_mb") for name in WATCHED)


def _used_bytes(server: Any) -> int:
    return int(server.info("memory")["used_memory"])


def _unfinished(stack: BenchStack) -> int:
    client = connect(stack.settings.redis)
    return sum(int(client.zcard(f"jobs:status:{status}")) for status in (Status.QUEUED, Status.RUNNING))
