"""Whether comparisons would be served now: a few looks at once, none of which anybody waits for long."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from api.door.silences import Silences
from api.http.problems import told
from core.comparisons.store import JobStore
from core.errors import BrokerUnavailable, LikenessError, RabbitUnavailable, RecordsUnavailable, StoreUnavailable
from core.messaging.broker import Queues
from core.messaging.counting import Counting, counting
from core.messaging.presence import Presence, WorkerFacts
from core.settings import Settings
from core.storage import patience
from core.storage.objects import Objects

log = structlog.get_logger()

#: From this part of its memory on, the server of the records is said to be nearly full.
MEMORY_WARNING = 0.8
#: A look that takes longer has found that something does not answer.
LONGEST_S = 1.5
#: Whoever asks within a second gets the same answer: anybody may ask, and each look costs the servers something.
FRESH_S = 1.0


@dataclass(frozen=True, slots=True)
class Check:
    """What a look has found."""

    ok: bool
    detail: str


class Look:
    """Looks at one thing, once at a time and at most once a second, however many ask. `look` raises or says what is."""

    def __init__(self, look: Callable[[], str], pool: ThreadPoolExecutor) -> None:
        self._look = look
        self._pool = pool
        self._lock = threading.Lock()
        self._found: Future[Check] | None = None
        self._began = 0.0

    def begin(self) -> None:
        """Look, unless somebody does or has just done."""
        with self._lock:
            is_fresh = time.monotonic() - self._began < FRESH_S
            if self._found is None or (self._found.done() and not is_fresh):
                self._began = time.monotonic()
                self._found = self._pool.submit(self._check)

    def found(self) -> Check:
        """What was found; not ok when that takes too long, reckoned from the beginning."""
        assert self._found is not None
        try:
            return self._found.result(max(0.0, self._began + LONGEST_S - time.monotonic()))
        except TimeoutError:
            return Check(ok=False, detail=f"does not answer: nothing within {LONGEST_S:g} s")

    def _check(self) -> Check:
        patience.begin()  # somebody waits, though not in this thread
        try:
            return Check(ok=True, detail=self._look())
        except LikenessError as error:
            return Check(ok=False, detail=told(error))


class Readiness:
    """What `/ready` says. Connects when first asked. A server that answers is no longer taken for silent."""

    def __init__(
        self, settings: Settings, jobs: JobStore, objects: Objects, presence: Presence, silences: Silences
    ) -> None:
        pool = ThreadPoolExecutor(4, thread_name_prefix="ready")
        self._looks = {
            "job_store": Look(lambda: _memory_of(jobs, silences), pool),
            "object_store": Look(lambda: _answers(objects, silences), pool),
            "worker": Look(
                lambda: _serving(
                    presence.workers(),
                    settings.packs.default,
                    settings.worker.canary_patience_s,
                    Queues.LANES if settings.api.auth_on else Queues.LANES[:1],
                ),
                pool,
            ),
        }
        if settings.broker.url:
            of_rabbit = counting(settings)
            self._looks["broker"] = Look(lambda: _counts(of_rabbit, silences), pool)

    def checks(self) -> Mapping[str, Check]:
        """What was found of each, within `LONGEST_S`."""
        for look in self._looks.values():
            look.begin()
        return {name: look.found() for name, look in self._looks.items()}


def _answers(objects: Objects, silences: Silences) -> str:
    objects.ping()
    silences.end(StoreUnavailable)
    return "answers"


def _counts(broker: Counting, silences: Silences) -> str:
    waiting = broker.waiting(*Queues.LANES)
    silences.end(RabbitUnavailable)
    return f"answers; {waiting} comparisons wait"


def _memory_of(jobs: JobStore, silences: Silences) -> str:
    """A warning before the server is full, which is still ready."""
    used = jobs.memory_used()
    silences.end(RecordsUnavailable, BrokerUnavailable)
    if used is None or used < MEMORY_WARNING:
        return "answers"
    log.warning("records_memory", used=round(used, 3))
    return f"answers, but {used:.0%} of its memory is used (maxmemory): once it is full, nothing more is accepted"


def _serving(workers: tuple[WorkerFacts, ...], pack: str, patience_s: float, lanes: Sequence[str]) -> str:
    """Who serves comparisons that name no pack. Raise LikenessError when nobody does: it says what comes closest."""
    taking = [worker for worker in workers if Queues.COMPARISONS in worker.queues]
    if not taking:
        raise LikenessError("no worker takes comparisons")
    holding = [worker for worker in taking if any(engine.pack.name == pack for engine in worker.engines)]
    if not holding:
        raise LikenessError(f"no warm worker that takes comparisons holds the pack {pack!r}")
    names = [worker.name for worker in holding if worker.silent_s <= patience_s]
    if not names:
        silent = ", ".join(f"{worker.name} ({worker.silent_s:.0f} s)" for worker in holding)
        raise LikenessError(f"up but deaf, taking no message from the broker: {silent}")
    if missing := {*lanes} - {queue for worker in workers for queue in worker.queues}:
        raise LikenessError(f"no worker takes {', '.join(missing)}, where jobs of busy keys wait")
    return f"{', '.join(names)} hold{'s' if len(names) == 1 else ''} {pack!r}"
