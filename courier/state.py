"""What stands on Redis, for Prometheus: read when it asks, by this one process, so that nothing is counted twice."""

from collections.abc import Iterable, Iterator, Sequence

import structlog
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.comparisons.store import JobStore
from core.errors import LikenessError
from core.messaging.broker import Queues
from core.messaging.counting import counting
from core.messaging.presence import Presence, WorkerFacts
from core.settings import Settings
from core.storage.census import take_census
from core.storage.lifecycle import Status
from core.storage.records import DELIVERY
from core.webhooks.deliveries import DeliveryStatus
from courier.reference_scores import ReferenceScores

log = structlog.get_logger()

#: As people call them, and as their records are called.
KINDS = {"comparison": "job", "batch": "batch", "evaluation": "run"}


class State(Collector):
    """Queues, jobs, workers, deliveries, erasures: five round trips. Where Redis is away, `likeness_state_up` is 0.

    A pack that no worker holds any more stays, at 0, until this process ends.
    """

    def __init__(self, settings: Settings, reference: ReferenceScores) -> None:
        self._server = settings.redis
        self._counting = counting(settings)
        self._patience_s = settings.worker.canary_patience_s
        self._jobs = JobStore.of(settings)
        self._presence = Presence(settings.redis)
        self._reference = reference
        self._packs: set[str] = set()

    def describe(self) -> Iterable[Metric]:
        """Nothing: to describe it, one would have to read it."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Everything that can be read now."""
        found: list[Metric] = []
        try:
            for part in (self._queues, self._records, self._workers, self._memory):
                found += part()
        except LikenessError as error:
            log.warning("state_not_read", why=str(error))
            yield _one("likeness_state_up", "Whether the state on Redis could be read: 1, or 0", 0)
            return
        yield _one("likeness_state_up", "Whether the state on Redis could be read: 1, or 0", 1)
        yield from found
        yield self._reference_scores()

    def _queues(self) -> Sequence[Metric]:
        messages = _family("likeness_queue_messages", "Messages that no process has taken yet", "queue")
        oldest = _family(
            "likeness_queue_oldest_seconds", "Age of what waits first in a queue, 0 where nothing does", "queue"
        )
        alias = _family(
            "celery_queue_length", "likeness_queue_messages, as dashboards for Celery call it", "queue_name"
        )
        for queue, line in self._counting.lines().items():
            messages.add_metric((queue,), line.messages)
            if line.oldest_s is not None:
                oldest.add_metric((queue,), line.oldest_s)
            alias.add_metric((queue,), line.messages)
        return messages, oldest, alias

    def _records(self) -> Sequence[Metric]:
        of_kinds = [(kind, status) for kind in KINDS.values() for status in Status]
        census = take_census(self._server, [*of_kinds, *((DELIVERY, outcome) for outcome in DeliveryStatus)])
        jobs = _family("likeness_jobs", "Comparisons, batches and evaluations there are, by status", "kind", "status")
        oldest = _family("likeness_jobs_oldest_queued_seconds", "Age of the oldest that is queued, or 0", "kind")
        for name, kind in KINDS.items():
            oldest.add_metric((name,), census.counts[kind, Status.QUEUED].oldest_s(census.at) or 0.0)
            for status in Status:
                jobs.add_metric((name, status), census.counts[kind, status].records)
        runs_open = sum(
            census.counts[KINDS["evaluation"], status].records for status in (Status.QUEUED, Status.RUNNING)
        )
        deliveries = _family("likeness_deliveries", "Deliveries there are, by status", "status")
        for outcome in DeliveryStatus:
            deliveries.add_metric((outcome,), census.counts[DELIVERY, outcome].records)
        return (
            *(jobs, oldest, deliveries),
            _one("likeness_runs_open", "Evaluations that wait or run", float(runs_open)),
            _one("likeness_deliveries_due", "Deliveries that wait for an attempt now", census.deliveries.records),
            _one(
                "likeness_deliveries_overdue_seconds",
                "For how long the first of them has been due, or 0",
                census.deliveries.overdue_s,
            ),
            _one("likeness_erasures_due", "Stored images past their retention", census.erasures.records),
            _one(
                "likeness_erasures_overdue_seconds",
                "For how long the first of them has been due, or 0",
                census.erasures.overdue_s,
            ),
        )

    def _workers(self) -> Sequence[Metric]:
        present = self._presence.workers()
        workers = _family("likeness_workers", "Warm processes that take messages from a queue of jobs", "queue")
        for queue in (*Queues.ENGINE, *Queues.EVALUATOR):
            workers.add_metric((queue,), sum(queue in worker.queues for worker in present))
        warm = _family(
            "likeness_workers_warm",
            "Workers that hold a pack, take comparisons and hear the broker",
            "pack",
        )
        serving = [worker for worker in present if self._serves(worker)]
        held = [{engine.pack.name for engine in worker.engines} for worker in serving]
        self._packs.update(*held)
        for pack in sorted(self._packs):
            warm.add_metric((pack,), sum(pack in packs for packs in held))
        silent = _family(
            "likeness_worker_silent_seconds", "For how long a worker has not heard its own message", "worker"
        )
        for worker in present:
            silent.add_metric((worker.name,), worker.silent_s)
        return workers, warm, silent

    def _serves(self, worker: WorkerFacts) -> bool:
        return Queues.COMPARISONS in worker.queues and worker.silent_s <= self._patience_s

    def _memory(self) -> Sequence[Metric]:
        used = self._jobs.memory_used()
        return [] if used is None else [_one("likeness_redis_memory_ratio", "Used of what Redis may use, 0 to 1", used)]

    def _reference_scores(self) -> Metric:
        family = _family(
            "likeness_reference_score_share",
            "Share, 0 to 1, of the scores of the calibration's run that is at most `le`; mated pairs count as match",
            *("pack", "decision", "le"),
        )
        for pack, distribution in self._reference:
            for decision, of_bounds in distribution.items():
                for bound, share in of_bounds.items():
                    family.add_metric((pack, decision, bound), share)
        return family


def _family(name: str, what: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, labels=labels)


def _one(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=value)
