"""The siege: clients submit with retries while processes are killed and Redis refuses or stalls, at random."""

import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from core.errors import LikenessError
from core.storage.connection import connect, translated
from core.storage.lifecycle import Status
from core.storage.objects import ObjectStore
from core.storage.records import ERASURES
from tests.chaos.clients import Asking, path_of
from tests.chaos.journal import endings
from tests.chaos.receiver import Receiver
from tests.chaos.verdict import Verdict, is_unjudged, is_whole
from tests.support.faults import Fault, demoted, full, paused, stopped
from tests.support.stack import Stack, running

#: What is killed, how often in relation, and for how many seconds it stays away.
VICTIMS: dict[str, tuple[int, tuple[float, float]]] = {
    "worker": (3, (0.1, 1.0)),
    "worker2": (3, (0.1, 1.0)),
    "embedder": (2, (0.1, 1.0)),
    "embedder2": (2, (0.1, 1.0)),
    "api": (3, (0.1, 1.0)),
    "redis": (3, (0.1, 1.5)),
    "courier": (2, (0.1, 2.0)),
    "s3": (1, (2.0, 8.0)),
}
#: What befalls Redis beside being killed, how often in relation, and for how many seconds.
AILMENTS: dict[str, tuple[int, tuple[float, float], Fault]] = {
    "demoted": (2, (0.5, 4.0), demoted),
    "full": (2, (0.5, 4.0), full),
    "stopped": (2, (0.5, 12.0), stopped),
    "writes paused": (1, (0.5, 4.0), paused),
}
#: What the API writes, with its cause, when it answers 500.
BROKE = "request_broke"
PROCESSES = ("api", "worker", "worker2", "embedder", "embedder2", "courier", "beat")
#: Where photographs lie, and nothing else.
PHOTOGRAPHS = ("comparisons/", "batches/", "uploads/")
PAUSE_S = (0.5, 3.0)
CLIENTS = 12
#: A machine may be done before much has been killed: the last tenth of the jobs is held back until then.
LEAST_KILLS = 4
LEAST_AILMENTS = 2
ENVIRONMENT = {
    "LIKENESS_ENGINE": "sleeping",
    "LIKENESS_SLEEP_MS": "40",
    "LIKENESS_WORKER_THREADS": "4",
    "LIKENESS_MAX_ATTEMPTS": "10",
    "LIKENESS_UPLOADS": "true",
    "LIKENESS_MAX_OPEN_UPLOADS_PER_KEY": "1000000",
    "LIKENESS_LOG_LEVEL": "WARNING",
    "LIKENESS_VISIBILITY_TIMEOUT_S": "10",
    "LIKENESS_WEBHOOK_SECRETS": "whsec_" + "C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    "LIKENESS_WEBHOOK_ALLOW_HTTP": "true",
    "LIKENESS_WEBHOOK_ALLOW_PRIVATE": "true",
    "LIKENESS_WEBHOOK_SCHEDULE_S": ",".join(["1"] * 10 + ["3"] * 30),
}


class Siege:
    """One run. `progress` is called now and then with (accepted, ended)."""

    def __init__(self, stack: Stack, receiver: Receiver, *, jobs: int, seed: int, careful: float, calm: bool) -> None:
        self._stack = stack
        self._receiver = receiver
        self._jobs = jobs
        self._seed = seed
        self._careful = careful
        self._calm = calm
        self._random = random.Random(seed)
        self._redis = connect(stack.settings.redis)
        self._lock = threading.Lock()
        self._numbers: Iterator[int] = iter(range(jobs))
        self._accepted: list[str] = []
        self._seen_ended: dict[str, dict[str, Any]] = {}
        self._answers: Counter[str] = Counter()
        self._kills: Counter[str] = Counter()
        self._ailments: Counter[str] = Counter()
        self._surprises: list[str] = []
        self._orphans = 0
        self._uploads_left_over = 0
        self._over = threading.Event()
        self._besieged = threading.Event()

    def run(self, progress: Callable[[int, int], None] = lambda accepted, ended: None) -> Verdict:
        """Start, besiege, let settle, and look at the books."""
        self._stack.start(*PROCESSES)
        self._stack.wait_until_ready()
        self._keep_the_journal_whole()
        started = time.monotonic()
        clients = [threading.Thread(target=self._submit, daemon=True) for _ in range(CLIENTS)]
        others = [
            threading.Thread(target=besiege, daemon=True)
            for besiege in ([] if self._calm else [self._besiege]) + [self._follow]
        ]
        for thread in (*clients, *others):
            thread.start()
        # The killing goes on until nearly all is done; then the rest must come to its end.
        while any(client.is_alive() for client in clients) or self._ended() < 0.98 * self._jobs:
            progress(len(self._accepted), self._ended())
            time.sleep(0.5)
        self._over.set()
        for thread in others:
            thread.join()
        self._settle(progress)
        return self._verdict(time.monotonic() - started)

    def _submit(self) -> None:
        with httpx.Client(base_url=self._stack.url, timeout=20) as http:
            asking = Asking(http, self._receiver.url, self._careful, self._count, self._surprises.append)
            while True:
                with self._lock:
                    number = next(self._numbers, None)
                if number is None:
                    return
                if number >= 0.9 * self._jobs and not self._calm:
                    self._besieged.wait()
                accepted = asking.until_accepted(number)
                with self._lock:
                    self._accepted.append(accepted)

    def _count(self, what: str) -> None:
        with self._lock:
            self._answers[what] += 1

    def _besiege(self) -> None:
        deck: list[str] = []
        while not self._over.wait(self._random.uniform(*PAUSE_S)):
            if not deck:  # each gets its share, in an order the seed decides
                weights = {name: entry[0] for table in (VICTIMS, AILMENTS) for name, entry in table.items()}
                deck = [name for name, weight in weights.items() for _ in range(weight)]
                self._random.shuffle(deck)
            name = deck.pop()
            if name in VICTIMS:
                self._kill(name)
            else:
                self._ail(name)
            if sum(self._kills.values()) >= LEAST_KILLS and sum(self._ailments.values()) >= LEAST_AILMENTS:
                self._besieged.set()

    def _kill(self, name: str) -> None:
        self._stack.kill(name)
        if name == "courier":
            self._stack.kill("beat")
        self._kills[name] += 1
        self._over.wait(self._random.uniform(*VICTIMS[name][1]))
        self._stack.start(name, *(["beat"] if name == "courier" else []))
        if name == "redis":
            self._keep_the_journal_whole()

    def _ail(self, name: str) -> None:
        _, seconds, fault = AILMENTS[name]
        self._ailments[name] += 1
        with fault(self._redis, self._stack.home):
            self._over.wait(self._random.uniform(*seconds))

    def _keep_the_journal_whole(self) -> None:
        """No rewriting of the append-only file: it is the evidence."""
        self._stack.wait_for_servers()
        self._redis.config_set("auto-aof-rewrite-percentage", 0)

    def _follow(self) -> None:
        """Look at jobs at random, and remember how those looked that had ended."""
        dice = random.Random(self._seed)
        with httpx.Client(base_url=self._stack.url, timeout=20) as http:
            while not self._over.wait(0.02):
                if not self._accepted:
                    continue
                job_id = dice.choice(self._accepted)
                with suppress(httpx.HTTPError):
                    document = http.get(path_of(job_id)).raise_for_status().json()
                    if Status(document["status"]).is_terminal:
                        self._seen_ended.setdefault(job_id, document)

    def _ended(self) -> int:
        with suppress(LikenessError), translated():
            pipeline = self._redis.pipeline()
            for status in Status:
                if status.is_terminal:
                    pipeline.zcard(f"jobs:status:{status}").zcard(f"batchs:status:{status}")
            return sum(pipeline.execute())
        return 0

    def _settle(self, progress: Callable[[int, int], None]) -> None:
        """Nothing is killed any more: within three minutes all must have ended, been told and been erased."""
        for name in PROCESSES:
            if name not in self._stack.processes or self._stack.processes[name].poll() is not None:
                self._stack.start(name)
        self._stack.wait_for_servers()
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and not self._all_is_done():
            progress(len(self._accepted), self._ended())
            time.sleep(0.5)
        progress(len(self._accepted), self._ended())
        # What an API process had stored when it was killed before it recorded the job: swept by age, here at once.
        images = self._images()
        self._uploads_left_over = sum(key.startswith("uploads/") for key in images)
        self._orphans = len(images) - self._uploads_left_over
        # The append-only file stays as it is: it is the evidence.
        purged = self._stack.run("likeness", "purge", "--yes", "--older-than", "0", "--no-vacuum")
        assert purged.returncode == 0, purged.stdout + purged.stderr

    def _all_is_done(self) -> bool:
        lists = [f"{kind}:status:{status}" for kind in ("jobs", "batchs", "shards") for status in ("queued", "running")]
        unfinished = sum(self._redis.zcard(name) for name in lists)
        told = all(self._receiver.events.get(job_id) for job_id in self._accepted)
        # An upload that nobody named is on the list until its time is over.
        return not unfinished and told and not self._redis.zcount(ERASURES, "-inf", time.time())

    def _images(self) -> list[str]:
        store = ObjectStore(self._stack.settings.objects)
        return [key for prefix in PHOTOGRAPHS for key in store.keys(prefix)]

    def _verdict(self, seconds: float) -> Verdict:
        records = {
            record_id: self._redis.hgetall(f"{kind}:{record_id}")
            for kind in ("job", "batch")
            for record_id in self._redis.zrange(f"{kind}s:all", 0, -1)
        }
        rows = {i: self._redis.hgetall(f"batch:{i}:rows") for i in records if i.startswith("bat_")}
        without_images = {i for i, of_batch in rows.items() if any("images_lost" in row for row in of_batch.values())}
        written = endings(self._stack.home / "redis")
        events = self._receiver.events
        failed = {i: record for i, record in records.items() if "failure" in record}
        unfinished = [i for i, record in records.items() if not Status(record["status"]).is_terminal]
        return Verdict(
            seed=self._seed,
            accepted=len(self._accepted),
            seconds=seconds,
            endings=Counter(record["status"] for record in records.values()),
            kills=self._kills,
            ailments=self._ailments,
            answers=self._answers,
            unknown_to_clients=len(set(records) - set(self._accepted)),
            attempts=Counter(int(record.get("attempts", 0)) for record in records.values()),
            orphans=self._orphans,
            failures=Counter(json.loads(record["failure"])["code"] for record in failed.values()),
            images_lost=[
                *(i for i in self._accepted if i in failed and "images_lost" in failed[i]["failure"]),
                *without_images,
            ],
            batches=sum(i.startswith("bat_") for i in self._accepted),
            pairs_failed=sum(int(records[i].get("failed", 0)) for i in rows),
            uploads_left_over=self._uploads_left_over,
            miscounted=[i for i, of_batch in rows.items() if not is_whole(records[i], of_batch)],
            reenqueued=sum(int(record.get("reenqueues", 0)) for record in records.values()),
            callbacks=sum(sum(ids.values()) for ids in events.values()),
            callback_attempts=self._receiver.attempts,
            lost=sorted({i for i in self._accepted if not records.get(i)} | set(unfinished)),
            ended_twice=[i for i, statuses in written.items() if len(statuses) > 1],
            changed_after_its_end=[i for i, seen in self._seen_ended.items() if self._look(i) != seen],
            images_left=self._images(),
            surprises=[*self._surprises, *(line for line in self._stack.log("api").splitlines() if BROKE in line)],
            without_callback=[i for i in self._accepted if not events.get(i)],
            with_two_event_ids=[i for i, ids in events.items() if len(ids) > 1],
            unjudged=[i for i, record in records.items() if is_unjudged(record)],
        )

    def _look(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self._stack.url}{path_of(job_id)}", timeout=20).json()
        return found


@contextmanager
def besieged(
    home: Path, *, jobs: int, seed: int, careful: float = 0.25, calm: bool = False, **environment: str
) -> Iterator[Siege]:
    """A stack with the sleeping engine, and a siege that is ready to run. `careful`: the share of keyed requests.

    `calm`: nothing is killed, for comparison.
    """
    receiver = Receiver(seed)
    ports = {"LIKENESS_WEBHOOK_PORTS": str(receiver.server_port)}
    # Whose store encrypts what is put there, and where it would not say that it does not.
    environment.setdefault("LIKENESS_UPLOADS_SSE_C", str(environment.get("LIKENESS_LOCAL_STORE") != "rclone").lower())
    try:
        with running(home, home / "no-packs", None, **ENVIRONMENT, **ports, **environment) as stack:
            yield Siege(stack, receiver, jobs=jobs, seed=seed, careful=careful, calm=calm)
    finally:
        receiver.shutdown()
        receiver.server_close()


def new_seed() -> int:
    return int.from_bytes(os.urandom(3))
