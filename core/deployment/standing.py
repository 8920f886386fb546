"""How things stand on the servers that the settings name: what runs, what waits, for how long, and why."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from core.messaging.backlog import Backlog
from core.messaging.broker import Queues
from core.messaging.consumers import consumers
from core.messaging.counting import counting
from core.messaging.lines import Line
from core.messaging.presence import Presence, WorkerFacts
from core.settings import Settings
from core.storage.census import Count, take_census
from core.storage.lifecycle import Status
from core.storage.readiness import ping_redis
from core.storage.records import DELIVERY
from core.webhooks.deliveries import DeliveryStatus

#: By what a user calls them, the kinds of records that wait and run.
KINDS = {"comparisons": "job", "batches": "batch", "evaluations": "run"}
OPEN = (Status.QUEUED, Status.RUNNING)
#: Which process of the Procfile takes messages from a queue.
PROCESSES: Mapping[str, str] = {
    **dict.fromkeys((Queues.COMPARISONS, Queues.COMPARISONS_BUSY), "worker"),
    **dict.fromkeys((Queues.BATCHES, Queues.BATCHES_BUSY, Queues.EVALUATIONS), "embedder"),
    **dict.fromkeys(Queues.EVALUATOR, "evaluator"),
    **dict.fromkeys(Queues.COURIER, "courier"),
    **dict.fromkeys(Queues.FETCHER, "fetcher"),
}


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that takes messages, or took some a moment ago."""

    name: str
    queues: tuple[str, ...]
    #: Whether it answered within a second when it was asked.
    answers: bool
    #: What it shows of itself; None for a courier, which shows nothing.
    facts: WorkerFacts | None

    @property
    def packs(self) -> tuple[str, ...]:
        """What it holds in memory, each with what it computes on."""
        engines = self.facts.engines if self.facts else ()
        return tuple(dict.fromkeys(f"{engine.pack.name} on {engine.provider}" for engine in engines))


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stood at a moment."""

    #: Seconds since the epoch, UTC.
    at: float
    workers: tuple[Worker, ...]
    backlog: Backlog
    #: By queue, how long its next message has waited.
    lines: Mapping[str, Line]
    counts: Mapping[tuple[str, str], Count]
    image_urls: bool

    def takers(self, queue: str) -> tuple[str, ...]:
        """The workers that take from a queue, and answer."""
        return tuple(worker.name for worker in self.workers if worker.answers and queue in worker.queues)

    def waits_s(self, kind: str, status: str) -> float | None:
        """For how long the oldest record has been there; None where there is none."""
        return self.counts[kind, status].oldest_s(self.at)

    @property
    def queues(self) -> tuple[str, ...]:
        """Those that somebody must take from."""
        return tuple(queue for queue in Queues.ALL if queue != Queues.IMAGES or self.image_urls)

    def why(self) -> Iterator[str]:
        """What keeps work waiting, a sentence each; nothing where everything is in order."""
        for worker in self.workers:
            if not worker.answers:
                yield f"{worker.name} does not answer: it is paused, hangs, or died within the last 15 s"
        for queue in self.queues:
            if not self.takers(queue):
                waiting = self.backlog.waiting[queue]
                yield f"nobody takes from {queue} ({waiting} wait): no {PROCESSES[queue]} runs that answers"
        queued, running = (self.counts["job", status].records for status in OPEN)
        if queued and self.takers(Queues.COMPARISONS):
            yield f"{queued} comparisons wait for a free worker, {running} run"
        if dead := self.counts[DELIVERY, DeliveryStatus.DEAD].records:
            yield f"{dead} deliveries are dead: `likeness webhooks list --status dead` says why, `replay` sends them"


def standing(
    settings: Settings,
    *,
    presence: Presence | None = None,
    hear: Callable[[], Mapping[str, tuple[str, ...]]] | None = None,
) -> Standing:
    """Ask Redis and the workers; takes a second. Raise RedisUnavailable; SettingsInvalid where no server is named.

    Whoever asks often hands in what it asks with: the list of workers, and what asks which of them hear.
    """
    ping_redis(settings.redis)
    asked_of = counting(settings)
    heard = hear() if hear else consumers(settings)
    shown = {facts.name: facts for facts in (presence or Presence(settings.redis)).workers()}
    workers = tuple(
        Worker(
            name,
            tuple(q for q in Queues.ALL if q in (heard[name] if name in heard else shown[name].queues)),
            name in heard,
            shown.get(name),
        )
        for name in sorted({*heard, *shown})
    )
    asked = [(kind, status) for kind in KINDS.values() for status in OPEN]
    ends = [(DELIVERY, status) for status in DeliveryStatus if status is not DeliveryStatus.DELIVERED]
    return Standing(
        time.time(),
        workers,
        asked_of.backlog(*Queues.ALL),
        asked_of.lines(),
        take_census(settings.redis, [*asked, *ends]).counts,
        settings.images.urls,
    )
