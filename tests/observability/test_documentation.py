"""docs/observability.md lists every metric there is, with its labels, and no other."""

import re
from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

import api.instruments
import courier.instruments
import worker.instruments
from core.instruments.exposition import Build
from core.messaging.task_times import TaskTimes
from core.settings import CHECKOUT, Settings
from core.storage.connection import connect
from core.storage.objects import ObjectStore
from courier.reference_scores import ReferenceScores
from courier.state import State
from worker.instruments import EnginesCollector

_ROW = re.compile(r"^\| `(?P<name>[a-z_]+)` \|(?P<labels>[^|]*)\|", re.M)
PAGE = (CHECKOUT / "docs" / "observability.md").read_text(encoding="utf-8")
LISTED = {m["name"]: tuple(filter(None, m["labels"].strip().split(", "))) for m in _ROW.finditer(PAGE)}


class Collectors(CollectorRegistry):
    """Remembers what was registered."""

    def __init__(self) -> None:
        super().__init__()
        self.registered: list[Collector] = []

    def register(self, collector: Collector) -> None:
        self.registered.append(collector)
        super().register(collector)


def _named(families: Iterable[Metric]) -> Iterable[str]:
    return (f"{family.name}_total" if family.type == "counter" else family.name for family in families)


def test_the_page_lists_every_metric(stores: Settings) -> None:
    # Without a limit of memory there is no share of it.
    connect(stores.redis).config_set("maxmemory", 2**30)
    registry = Collectors()
    api.instruments.Instruments(registry)
    worker.instruments.Instruments(registry, engines=lambda: (), in_hand=lambda: 0)
    courier.instruments.Instruments(registry)
    TaskTimes(registry)
    registry.register(Build("test"))
    registry.register(State(stores, ReferenceScores(stores, ObjectStore(stores.objects))))
    assert sorted(name for found in registry.registered for name in _named(found.collect())) == sorted(LISTED)


def test_the_page_lists_the_labels_of_each(stores: Settings) -> None:
    registry = Collectors()
    api.instruments.Instruments(registry)
    worker.instruments.Instruments(registry, engines=lambda: (), in_hand=lambda: 0)
    courier.instruments.Instruments(registry)
    TaskTimes(registry)
    for instrument in registry.registered:
        if isinstance(instrument, MetricWrapperBase):
            [family] = instrument.describe()
            [name] = _named([family])
            assert LISTED[name] == instrument._labelnames, name
    for collector in (Build("test"), State(stores, ReferenceScores(stores, ObjectStore(stores.objects)))):
        for family in collector.collect():
            for sample in family.samples:
                assert LISTED[family.name] == tuple(sample.labels), family.name
    [engines] = EnginesCollector(lambda: ()).collect()
    assert LISTED[engines.name] == engines._labelnames  # type: ignore[attr-defined]
