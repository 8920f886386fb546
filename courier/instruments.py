"""What a courier counts: attempts at deliveries and how they were answered, jobs brought back, images erased."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from core.webhooks.deliveries import Attempt, Delivery, DeliveryStatus

ATTEMPT_BOUNDS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30)
LAG_BOUNDS_S = (0.5, 1, 2.5, 5, 10, 60, 300, 1800, 7200, 43200, 86400)


class Instruments:
    """Told of each attempt once it is recorded, and of each round of housekeeping that did something."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._attempts = Counter(
            "likeness_delivery_attempts",
            "Attempts at deliveries, by the answer: 2xx, 3xx, 4xx, 5xx, or the code of what went wrong",
            ("answer",),
            registry=registry,
        )
        self._seconds = Histogram(
            "likeness_delivery_attempt_seconds",
            "Time an attempt at a delivery took",
            buckets=ATTEMPT_BOUNDS_S,
            registry=registry,
        )
        self._settled = Counter(
            "likeness_delivery_outcomes",
            "What an attempt left a delivery as: delivered, pending (it is tried again), dead, disabled",
            ("status",),
            registry=registry,
        )
        self._lag = Histogram(
            "likeness_delivery_lag_seconds",
            "Time from an event to its delivery",
            buckets=LAG_BOUNDS_S,
            registry=registry,
        )
        self._enqueued_again = Counter(
            "likeness_enqueued_again", "Lost jobs that were enqueued again, by kind", ("kind",), registry=registry
        )
        self._erased = Counter(
            "likeness_objects_erased",
            "Stored images that were erased, by why: due, orphan",
            ("why",),
            registry=registry,
        )
        for status in DeliveryStatus:  # a rise is seen from a point before it
            self._settled.labels(status)

    def attempted(self, delivery: Delivery, attempt: Attempt | None, status: DeliveryStatus) -> None:
        """What came of a delivery, and the last attempt at it, where one was made."""
        self._settled.labels(status).inc()
        if attempt is not None:
            answer = f"{attempt.status // 100}xx" if attempt.status else attempt.error or "unknown"
            self._attempts.labels(answer).inc()
            self._seconds.observe(attempt.duration_ms / 1000)
            if status is DeliveryStatus.DELIVERED:
                self._lag.observe(max(0.0, attempt.at + attempt.duration_ms / 1000 - delivery.created_at))

    def enqueued_again(self, kind: str, count: int) -> None:
        """So many jobs whose message or whose worker was gone."""
        self._enqueued_again.labels(kind).inc(count)

    def erased(self, why: str, count: int) -> None:
        """So many stored images."""
        self._erased.labels(why).inc(count)
