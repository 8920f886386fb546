"""What one key suffers from another: `python -m bench.neighbours`.

Prints the table of docs/keys.md, "Neighbours". Quiet and hostile periods alternate, and each hostile one is held
against the quiet ones just before and after it, so that other load on the machine moves both.
"""

import json
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import click
import httpx
import numpy as np

from bench.hostile import FORM, Pattern, Pressed, hostile_process, press, with_callback
from bench.load import Door, Refused
from bench.photographs import Pair, sample_pairs
from bench.quality import table
from bench.stack import SERVICE, BenchStack, bench_stack
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.settings import load_settings
from infra.local.samples import fetch_samples
from likeness.cli.packs import fetch_packs

#: Of the good key's comparisons.
APART_S = 1.0
WAIT_S = 60
#: The stack is quiet when its parts use less than this of a core.
QUIET_CORES = 0.3
#: A callback that has not come so long after the last answer is counted as not told.
TOLD_WITHIN_S = 10.0


@dataclass
class Period:
    """What the good key met with. Latencies count from when a comparison was due."""

    ended_ms: list[float] = field(default_factory=list)
    told_ms: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    untold: int = 0
    #: Its jobs that had not ended when they were answered.
    left: list[str] = field(default_factory=list)
    #: Where the slowest of its jobs spent its time.
    slowest: str = ""

    def __add__(self, other: "Period") -> "Period":
        return Period(
            self.ended_ms + other.ended_ms,
            self.told_ms + other.told_ms,
            self.refused + other.refused,
            self.untold + other.untold,
        )


#: When the good key's consumer was told of each job, by its id, on the monotonic clock.
Told = dict[str, float]


@contextmanager
def consumer() -> Iterator[tuple[str, Told]]:
    """The good key's: its URL, and what it was told."""
    told: Told = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["content-length"])))
            told.setdefault(event["data"]["id"], time.monotonic())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """The terminal is the table's."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/told", told
        server.shutdown()


@contextmanager
def tarpit() -> Iterator[str]:
    """The hostile key's: the kernel takes connections and what is sent on them, and nobody ever reads it."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/tarpit"


class Good:
    """The key that minds its business: a comparison every so often, waited for, with a callback."""

    def __init__(self, stack: BenchStack, token: str, pairs: Sequence[Pair], callback_url: str, told: Told) -> None:
        self._door, self._told = Door(stack.url), told
        self._forms = [with_callback(pair.form, callback_url) for pair in pairs]
        self._headers = {**FORM, "Authorization": f"Bearer {token}", "Prefer": f"wait={WAIT_S}"}

    def go_on(self, for_s: float) -> Period:
        """Ask for so many seconds, whatever becomes of what was asked before, and wait for the last answer."""
        period, due_of, turn = Period(), dict[str, float](), count()

        def ask(due: float) -> None:
            try:
                job = self._door.post("/v1/comparisons", self._forms[next(turn) % len(self._forms)], self._headers)
            except Refused as error:
                period.refused[error.code] += 1
                return
            due_of[job["id"]] = due
            if job["status"] != "succeeded":  # after 60 s, or at once where as many wait as one key may have waiting
                period.refused[job["status"]] += 1
                period.left.append(job["id"])
                return
            period.ended_ms.append(took_ms := (time.monotonic() - due) * 1000)
            if took_ms == max(period.ended_ms):
                period.slowest = f"{took_ms:.0f} ms: {(job.get('result') or job).get('timings_ms')}"

        began = due = time.monotonic()
        with ThreadPoolExecutor(256) as pool:
            while due < began + for_s:
                time.sleep(max(0.0, due - time.monotonic()))
                pool.submit(ask, due)
                due += APART_S
        deadline = time.monotonic() + TOLD_WITHIN_S
        while due_of.keys() - self._told.keys() and time.monotonic() < deadline:
            time.sleep(0.1)
        period.told_ms = [(self._told[job] - due) * 1000 for job, due in due_of.items() if job in self._told]
        period.untold = len(due_of) - len(period.told_ms)
        return period


def tidy_up(stack: BenchStack, admin: str, jobs: Sequence[str]) -> None:
    """Erase what was left, and wait until nothing is at work."""
    headers = {"Authorization": f"Bearer {admin}"}
    with httpx.Client(base_url=stack.url, timeout=60, headers=headers) as client, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda job: client.delete(f"/v1/comparisons/{job}"), jobs))
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        before = sum(stack.cpu_s().values())
        time.sleep(2)
        if sum(stack.cpu_s().values()) - before < 2 * QUIET_CORES:
            return


def row(pattern: Pattern, pressed: Pressed, quiet: Period, hostile: Period) -> list[str]:
    """One hostile period beside its quiet ones."""
    refused = ", ".join(f"{times} x {code}" for code, times in pressed.refused.items()) or "none"
    cells = [pattern.value, str(pressed.asked), refused]
    for before, under in ((quiet.ended_ms, hostile.ended_ms), (quiet.told_ms, hostile.told_ms)):
        if not (before and under):
            cells += ["nothing to compare"] * 3
            continue
        (q50, q95), (p50, p95) = (np.percentile(ms, [50, 95]) for ms in (before, under))
        cells += [f"{q50:.0f} / {q95:.0f}", f"{p50:.0f} / {p95:.0f} / {max(under):.0f}", f"{p95 / q95:.1f}"]
    troubles = [f"{times} x {code}" for code, times in hostile.refused.items()]
    troubles += [f"{hostile.untold} not told"] if hostile.untold else []
    return [*cells, ", ".join(troubles) or "none"]


HEAD = [
    "hostile key",
    "asked",
    "refused",
    "ended, quiet",
    "ended, beside it",
    "p95 ratio",
    "told, quiet",
    "told, beside it",
    "p95 ratio",
    "good key refused",
]


@click.command()
@click.option(
    "--pattern",
    "patterns",
    type=click.Choice([pattern.value for pattern in Pattern]),
    multiple=True,
    default=[pattern.value for pattern in Pattern],
    help="What the hostile key does; may be repeated. All, if none is given.",
)
@click.option("--rounds", default=2, show_default=True, help="How often each pattern is tried.")
@click.option("--hostile-s", default=40.0, show_default=True, help="Seconds of each hostile period.")
@click.option("--quiet-s", default=20.0, show_default=True, help="Seconds of the quiet period before and after it.")
def main(patterns: tuple[str, ...], rounds: int, hostile_s: float, quiet_s: float) -> None:
    """Measure a good key's comparisons alone, and beside a hostile key.

    Starts a stack of its own, with keys on and the limits of every key as they come. The good key submits a comparison
    of the sample photographs every second and waits for it. Prints, in milliseconds, p50 / p95 (beside it also the
    largest) until its answer came and until its consumer was told, and the ratio of the two p95. Writes nothing.
    """
    settings = load_settings()
    fetch_packs(settings)
    fetch_samples(settings.home)
    samples = settings.home / "samples"
    with consumer() as (good_url, told), tarpit() as tarpit_url, hostile_process() as pool:
        ports = ",".join(str(httpx.URL(url).port) for url in (good_url, tarpit_url))
        environment = {"LIKENESS_AUTH": "on", "LIKENESS_MAX_QUEUED": "10000", "LIKENESS_WEBHOOK_PORTS": ports}
        with bench_stack((*SERVICE, "surplus", "beat"), say, **environment) as stack:
            keys = KeyStore(stack.settings.redis)
            _, admin = keys.create("admin", [Scope.ADMIN], requests_per_minute=0)
            _, token = keys.create("good", [Scope.SUBMIT, Scope.READ])
            good = Good(stack, str(token), sample_pairs(samples), good_url, told)
            good.go_on(5)  # what is slow the first time
            rows = []
            before = good.go_on(quiet_s)
            for number in range(rounds):
                for pattern in map(Pattern, patterns):
                    say(f"{number + 1} of {rounds}, {pattern.value}: {pattern.words} (load {os.getloadavg()[0]:.1f})")
                    _, hostile_token = keys.create(f"hostile {number} {pattern.value}", [Scope.SUBMIT, Scope.READ])
                    pressing = pool.submit(
                        press, pattern, stack.url, str(hostile_token), samples, tarpit_url, hostile_s
                    )
                    hostile = good.go_on(hostile_s)
                    pressed = pressing.result()
                    tidy_up(stack, str(admin), [*pressed.accepted, *hostile.left])
                    after = good.go_on(quiet_s)
                    rows.append(row(pattern, pressed, before + after, hostile))
                    say(" | ".join(rows[-1]))
                    say(f"slowest beside it {hostile.slowest}; after it {after.slowest}")
                    before = after
    click.echo(table(HEAD, rows))


def say(line: str) -> None:
    """To the terminal, apart from the table."""
    click.echo(f"{time.strftime('%H:%M:%S')} {line}", err=True)


if __name__ == "__main__":
    main()
