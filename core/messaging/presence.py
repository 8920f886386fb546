"""Which workers are there, and which packs they hold in memory."""

import time
from dataclasses import dataclass
from math import inf

from pydantic import TypeAdapter

from core.messaging.broker import Queues
from core.settings.groups import RedisSettings
from core.storage.connection import connect, translated
from core.vocabulary import EngineFacts

HEARTBEAT_S = 5.0
_PREFIX = "worker:"
_NAMES = "workers"
#: A name is looked up so long after its last heartbeat; its facts have expired by then.
_NAMED_S = 86400
#: Workers of 0.1.0 keep no list. So often a process looks for them: 0.2 s among 600,000 records.
_UNLISTED_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """A worker that is up and warm."""

    #: As Celery calls it: `engine@host`.
    name: str
    pid: int
    #: Seconds since the epoch, UTC.
    started_at: float
    #: From which it takes messages.
    queues: tuple[str, ...]
    #: What each loaded pack runs on.
    engines: tuple[EngineFacts, ...]
    #: For how long it has not taken a message that it sent to itself.
    silent_s: float = 0.0
    #: Of Likeness; None of a worker that is older than this.
    version: str | None = None


_FACTS = TypeAdapter(WorkerFacts)


class Presence:
    """Heartbeats that expire by themselves when a worker stops sending them."""

    def __init__(self, server: RedisSettings) -> None:
        self._redis = connect(server)
        self._comparing: tuple[float, tuple[EngineFacts, ...]] = (-inf, ())
        self._unlisted: tuple[str, ...] = ()
        self._looked_at = float("-inf")

    def show(self, facts: WorkerFacts) -> None:
        """Show that a worker is there, for the time of three heartbeats."""
        now = time.time()
        with translated():
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.set(_PREFIX + facts.name, _FACTS.dump_json(facts), px=int(3000 * HEARTBEAT_S))
            pipeline.zadd(_NAMES, {facts.name: now})
            pipeline.zremrangebyscore(_NAMES, "-inf", now - _NAMED_S)
            pipeline.execute()

    def leave(self, name: str) -> None:
        """Forget a worker that has left."""
        with translated():
            self._redis.delete(_PREFIX + name)

    def workers(self) -> tuple[WorkerFacts, ...]:
        """Every worker whose heartbeat is fresh, by name."""
        with translated():
            if time.monotonic() - self._looked_at > _UNLISTED_EVERY_S:
                self._unlisted = tuple(self._redis.scan_iter(f"{_PREFIX}*", count=500))
                self._looked_at = time.monotonic()
            listed = (_PREFIX + name for name in self._redis.zrange(_NAMES, 0, -1))
            keys = sorted({*listed, *self._unlisted})
            values = self._redis.mget(keys) if keys else []
        return tuple(_FACTS.validate_json(value) for value in values if value)

    def comparing(self) -> tuple[EngineFacts, ...]:
        """What the workers that take comparisons compute with, as it was at most one heartbeat ago."""
        looked_at, engines = self._comparing
        if time.monotonic() - looked_at > HEARTBEAT_S:
            workers = [worker for worker in self.workers() if not {*Queues.LANES}.isdisjoint(worker.queues)]
            # A pack's first engine is the one for comparisons; others were loaded for runs at another size.
            first = [{facts.pack: facts for facts in reversed(worker.engines)} for worker in workers]
            engines = tuple(facts for of_worker in first for facts in of_worker.values())
            self._comparing = time.monotonic(), engines
        return engines
