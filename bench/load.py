"""Load, and what came of it. Bodies are made beforehand: a load generator should cost nothing."""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from bench.photographs import BOUNDARY, Pair

Compare = Callable[[Pair], object]


@dataclass(frozen=True, slots=True)
class Measured:
    """Some seconds of one load."""

    #: 0 where requests came at a rate.
    clients: int
    requests: int
    per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


#: The API closes a connection on which nothing has come for 5 s.
KEPT_S = 3.0


class Refused(Exception):
    """The server did not answer as it should; `code` is its own word for why, or the name of what broke."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class Door:
    """One server, one kept connection a thread."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc
        self._own = threading.local()

    def post(self, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Any:
        """The JSON of the answer; raise Refused unless it is a success."""
        connection = self._connection()
        try:
            connection.request("POST", path, body, headers or {})
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:  # click would take a broken pipe for its own
            connection.close()  # and opens again by itself
            raise Refused(f"{path}: {error!r}", type(error).__name__) from error
        if not 200 <= answer.status < 300:
            raise Refused(f"{path}: {answer.status} {text[:300]!r}", _code(answer.status, text))
        return json.loads(text)

    def _connection(self) -> http.client.HTTPConnection:
        now, own = time.monotonic(), self._own
        if not hasattr(own, "connection"):
            own.connection = http.client.HTTPConnection(self._host, timeout=120)
        elif now - own.used_at > KEPT_S:
            own.connection.close()
        own.used_at = now
        connection: http.client.HTTPConnection = own.connection
        return connection

    def submit(self, pair: Pair, *, wait_s: int = 0) -> dict[str, Any]:
        """Submit a comparison to Likeness; with `wait_s`, to its end."""
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        job: dict[str, Any] = self.post(
            "/v1/comparisons", pair.form, {**headers, **({"Prefer": f"wait={wait_s}"} if wait_s else {})}
        )
        if wait_s and job["status"] != "succeeded":
            raise Refused(f"the job {job['id']} is {job['status']}", job["status"])
        return job

    def compare(self, pair: Pair) -> object:
        """Ask the synchronous peer."""
        return self.post("/compare", pair.form, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})


def closed(compare: Compare, pairs: Sequence[Pair], *, clients: int, for_s: float) -> Measured:
    """So many clients, each asking again as soon as it has its answer; what is under way at the end is waited for."""
    latencies: list[float] = []
    turn = count()
    deadline = time.perf_counter() + for_s

    def ask(_: int) -> None:
        while (began := time.perf_counter()) < deadline:
            compare(pairs[next(turn) % len(pairs)])
            latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(ask, range(clients)))
    return _measured(clients, latencies, time.perf_counter() - began)


def offered(compare: Compare, pairs: Sequence[Pair], *, per_s: float, for_s: float, seed: int = 1) -> Measured:
    """Requests that come at a rate, whatever becomes of others (Poisson); latency counts from when one was due."""
    latencies: list[float] = []
    dice, turn = random.Random(seed), count()  # noqa: S311

    def ask(due: float) -> None:
        compare(pairs[next(turn) % len(pairs)])
        latencies.append(time.perf_counter() - due)

    began = due = time.perf_counter()
    with ThreadPoolExecutor(256) as pool:
        while (due := due + dice.expovariate(per_s)) < began + for_s:
            time.sleep(max(0.0, due - time.perf_counter()))
            pool.submit(ask, due)
    return _measured(0, latencies, time.perf_counter() - began)


def _code(status: int, text: bytes) -> str:
    try:
        return f"{status} {json.loads(text)['code']}"
    except (ValueError, KeyError, TypeError):  # gunicorn's own page
        return str(status)


def _measured(clients: int, latencies: Sequence[float], lasted_s: float) -> Measured:
    p50, p95, p99 = np.percentile(np.array(latencies) * 1000, [50, 95, 99])
    return Measured(clients, len(latencies), len(latencies) / lasted_s, float(p50), float(p95), float(p99))
