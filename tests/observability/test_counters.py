"""A rise is seen from a point before it: what an alert looks at is counted from 0 on, before any of it happens."""

from prometheus_client import CollectorRegistry

import courier.instruments
import worker.instruments
from core.vocabulary import EngineFacts, PackIdentity
from core.webhooks.deliveries import DeliveryStatus

FACTS = EngineFacts(PackIdentity("opencv-zoo", "sha256:1"), "cpu", 640, 0.7, 24)


def test_a_worker_has_every_outcome_of_each_pack_that_it_holds() -> None:
    registry = CollectorRegistry()
    worker.instruments.Instruments(registry, engines=lambda: (FACTS,), in_hand=lambda: 0)
    for outcome in ("match", "non_match", "not_acquired", "failed"):
        labels = {"outcome": outcome, "pack": "opencv-zoo"}
        assert registry.get_sample_value("likeness_comparisons_total", labels) == 0


def test_a_courier_has_everything_that_may_become_of_a_delivery() -> None:
    registry = CollectorRegistry()
    courier.instruments.Instruments(registry)
    for status in DeliveryStatus:
        assert registry.get_sample_value("likeness_delivery_outcomes_total", {"status": status}) == 0
