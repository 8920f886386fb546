"""What a worker counts of comparisons: how they ended, how long each step took, and what they scored."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.batches.batch import Counts
from core.comparisons.jobs import Job
from core.instruments.scores import BOUNDS
from core.vocabulary import Compared, Decision, EngineFacts, NotAcquired, Result

#: A step takes from below 1 ms (align) to seconds (a photograph of 40 megapixels on one core); waiting takes longer.
STEP_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30, 300)
JOB_BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class Instruments:
    """Told of each job that has ended, once. No label's value comes from a client: a pack is one that is loaded."""

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        engines: Callable[[], tuple[EngineFacts, ...]],
        in_hand: Callable[[], int],
    ) -> None:
        registry.register(EnginesCollector(engines))
        Gauge("likeness_comparisons_in_hand", "Comparisons this worker runs now", registry=registry).set_function(
            lambda: float(in_hand())
        )
        self._comparisons = Counter(
            "likeness_comparisons",
            "Comparisons that ended here, by outcome: match, non_match, not_acquired, failed",
            ("outcome", "pack"),
            registry=registry,
        )
        self._not_acquired = Counter(
            "likeness_not_acquired",
            "Photographs that gave no usable face (FTA), by side and reason",
            ("side", "reason"),
            registry=registry,
        )
        self._failures = Counter(
            "likeness_comparison_failures", "Comparisons that failed, by code", ("code",), registry=registry
        )
        self._seconds = Histogram(
            "likeness_comparison_seconds",
            "Time from a comparison's creation to its end",
            ("pack",),
            buckets=JOB_BOUNDS_S,
            registry=registry,
        )
        self._steps = Histogram(
            "likeness_step_seconds",
            "Time a step of a comparison took; of both photographs together. queue: from creation to start",
            ("step",),
            buckets=STEP_BOUNDS_S,
            registry=registry,
        )
        self._scores = Histogram(
            "likeness_score", "Comparison scores, by decision", ("pack", "decision"), buckets=BOUNDS, registry=registry
        )
        self._pairs = Counter(
            "likeness_batch_pairs",
            "Pairs of batches that were judged here, by outcome: match, non_match, not_acquired, failed",
            ("outcome", "pack"),
            registry=registry,
        )
        # A rise is seen from a point before it: without these the first that fail, however many, are none.
        for facts in engines():
            for outcome in (*Decision, "not_acquired", "failed"):
                self._comparisons.labels(outcome, facts.pack.name)

    def ended(self, job: Job) -> None:
        """A job that has succeeded or failed."""
        pack = job.request.pack
        self._seconds.labels(pack).observe(max(0.0, (job.ended_at or job.created_at) - job.created_at))
        if job.result:
            self._succeeded(pack, job.result)
        else:
            self._comparisons.labels("failed", pack).inc()
            self._failures.labels(job.failure.code if job.failure else "unknown").inc()

    def judged(self, pack: str, pairs: Counts) -> None:
        """The pairs of a shard of a batch."""
        for outcome, count in (
            ("match", pairs.matches),
            ("non_match", pairs.non_matches),
            ("not_acquired", pairs.not_acquired),
            ("failed", pairs.failed),
        ):
            self._pairs.labels(outcome, pack).inc(count)

    def _succeeded(self, pack: str, result: Result) -> None:
        self._comparisons.labels(result.decision or "not_acquired", pack).inc()
        for step, ms in result.timings_ms.items():
            self._steps.labels(step).observe(ms / 1000)
        match result.outcome:
            case Compared(score):
                self._scores.labels(pack, result.decision).observe(score)
            case NotAcquired(failures):
                for failure in failures:
                    self._not_acquired.labels(failure.side, failure.reason).inc()


class EnginesCollector(Collector):
    """Which packs this process holds, and what they compute on: read when asked."""

    def __init__(self, engines: Callable[[], tuple[EngineFacts, ...]]) -> None:
        self._engines = engines

    def collect(self) -> Iterator[Metric]:
        """One sample an engine, always 1."""
        family = GaugeMetricFamily(
            "likeness_engine_info",
            "A pack that this process holds in memory, and what it computes on",
            labels=("pack", "digest", "provider", "detection_size"),
        )
        for facts in self._engines():
            family.add_metric((facts.pack.name, facts.pack.digest, facts.provider, str(facts.detection_size)), 1)
        yield family
