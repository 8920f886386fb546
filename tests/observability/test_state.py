"""The state on Redis as the courier shows it, from real records and real messages, without any process of ours."""

import json
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.metrics_core import Metric

from core.comparisons.store import JobStore
from core.evaluations.calibrations import Calibration, CalibrationStore
from core.evaluations.runs import RunKeys
from core.instruments.scores import BOUNDS, shares
from core.messaging.broker import Queues, Tasks, celery_app, enqueue
from core.messaging.presence import Presence, WorkerFacts
from core.settings import Settings
from core.storage.connection import connect
from core.storage.lifecycle import new_id
from core.storage.objects import ObjectStore
from core.vocabulary import EngineFacts, PackIdentity
from courier.reference_scores import ReferenceScores
from courier.state import State
from tests.support.receivers import job_that_calls_back

FACTS = EngineFacts(PackIdentity("opencv-zoo", "sha256:1"), "cpu", 640, 0.7, 24)


class Shown:
    """The state, asked for anew each time."""

    def __init__(self, settings: Settings) -> None:
        self.reference = ReferenceScores(settings, ObjectStore(settings.objects))
        self._state = State(settings, self.reference)

    def metrics(self) -> Iterator[Metric]:
        return iter(self._state.collect())

    def __call__(self, name: str, **labels: str) -> float | None:
        found = [s.value for m in self.metrics() for s in m.samples if s.name == name and s.labels == labels]
        return found[0] if found else None


@pytest.fixture
def shown(stores: Settings) -> Shown:
    return Shown(stores)


def test_an_empty_server_has_a_number_for_everything(shown: Shown) -> None:
    assert shown("likeness_state_up") == 1
    assert shown("likeness_jobs", kind="evaluation", status="running") == 0
    assert shown("likeness_runs_open") == 0
    assert shown("likeness_workers", queue="comparisons") == 0
    assert shown("likeness_deliveries", status="dead") == 0
    for queue in Queues.ALL:
        assert shown("likeness_queue_messages", queue=queue) == 0
        assert shown("likeness_queue_oldest_seconds", queue=queue) == 0


def test_a_server_that_is_away_is_said_to_be(stores: Settings) -> None:
    away = Shown(stores.but(redis_url="redis://127.0.0.1:1"))
    assert [metric.name for metric in away.metrics()] == ["likeness_state_up"]
    assert away("likeness_state_up") == 0


def test_what_waits_in_a_queue_has_the_age_of_its_job(stores: Settings, shown: Shown) -> None:
    app = celery_app("test", stores)
    enqueue(app, Tasks.COMPARE, f"cmp_{0:012x}{'0' * 20}")  # made in 1970, and next
    enqueue(app, Tasks.COMPARE, job_that_calls_back("http://example.com", None).id)
    enqueue(app, Tasks.COMPARE, f"cmp_{1000:012x}{'0' * 20}", queue=Queues.COMPARISONS_BUSY, priority=6)
    enqueue(app, Tasks.COMPARE, new_id("cmp"), queue=Queues.COMPARISONS_BUSY)
    enqueue(app, Tasks.REAP)
    assert shown("likeness_queue_messages", queue="comparisons") == 2
    assert shown("celery_queue_length", queue_name="comparisons") == 2
    assert (shown("likeness_queue_oldest_seconds", queue="comparisons") or 0) > 1.7e9
    assert shown("likeness_queue_messages", queue="comparisons-busy") == 2  # of two priorities
    assert (shown("likeness_queue_oldest_seconds", queue="comparisons-busy") or 0) > 1.7e9
    assert shown("likeness_queue_messages", queue="maintenance") == 1
    assert shown("likeness_queue_oldest_seconds", queue="maintenance") == 0


def test_jobs_deliveries_and_erasures_are_counted_where_they_stand(stores: Settings, shown: Shown) -> None:
    jobs = JobStore.of(stores)
    first, second = (job_that_calls_back("http://example.com", "ada") for _ in range(2))
    jobs.create(first)
    jobs.create(second)
    assert shown("likeness_jobs", kind="comparison", status="queued") == 2
    assert 0 < (shown("likeness_jobs_oldest_queued_seconds", kind="comparison") or 0) < 60
    jobs.cancel(first.id)
    assert shown("likeness_jobs", kind="comparison", status="queued") == 1
    assert shown("likeness_jobs", kind="comparison", status="cancelled") == 1
    assert shown("likeness_deliveries", status="pending") == 1
    assert shown("likeness_deliveries_due") == 0  # the courier was told of it, and is given a moment
    assert shown("likeness_erasures_due") == 1
    for due in ("erasures", "deliveries-due"):
        connect(stores.redis).zadd(due, {"late": 1})
    assert shown("likeness_deliveries_due") == 1
    assert (shown("likeness_deliveries_overdue_seconds") or 0) > 1.7e9
    assert shown("likeness_erasures_due") == 2
    assert (shown("likeness_erasures_overdue_seconds") or 0) > 1.7e9


def test_a_pack_is_warm_where_a_worker_that_hears_holds_it_and_stays_at_none(stores: Settings, shown: Shown) -> None:
    presence = Presence(stores.redis)

    def show(name: str, queue: str, silent_s: float = 0) -> None:
        presence.show(WorkerFacts(name, 1, 0.0, (queue,), (FACTS,), silent_s))

    show("embedder@a", Queues.BATCHES)
    assert shown("likeness_workers_warm", pack="opencv-zoo") is None
    show("engine@a", Queues.COMPARISONS)
    show("engine@b", Queues.COMPARISONS, silent_s=1e6)
    assert shown("likeness_workers_warm", pack="opencv-zoo") == 1
    assert shown("likeness_workers", queue="comparisons") == 2
    assert shown("likeness_worker_silent_seconds", worker="engine@b") == 1e6
    presence.leave("engine@a")
    assert shown("likeness_workers_warm", pack="opencv-zoo") == 0


def test_the_scores_of_a_calibrations_run_are_shown_by_what_is_decided_of_them(stores: Settings, shown: Shown) -> None:
    Presence(stores.redis).show(WorkerFacts("engine@a", 1, 0.0, (Queues.COMPARISONS,), (FACTS,)))
    shown.reference.refresh()
    assert shown("likeness_reference_score_share", pack="opencv-zoo", decision="match", le="0.5") is None
    calibration = Calibration("opencv-zoo", "sha256:1", "run_1", "lfw", "sha256:2", 640, 0.0, ())
    CalibrationStore(stores.redis).put(calibration)
    table = "reference,probe,mated,fold,score,reference_failure,probe_failure\n"
    table += "a,b,1,,0.6,,\na,c,1,,0.4,,\na,d,0,,0.02,,\na,e,0,,,no_face,\n"
    ObjectStore(stores.objects).put(RunKeys("run_1").scores, table.encode())
    fresh = Shown(stores)
    fresh.reference.refresh()
    assert fresh("likeness_reference_score_share", pack="opencv-zoo", decision="match", le="0.5") == 0.5
    assert fresh("likeness_reference_score_share", pack="opencv-zoo", decision="match", le="0.0") == 0
    assert fresh("likeness_reference_score_share", pack="opencv-zoo", decision="non_match", le="0.05") == 1


def test_live_scores_and_those_of_a_run_are_cut_at_the_same_places_by_the_same_names() -> None:
    scores = [-0.9, -0.2, 0.0, 0.05, 0.31, 0.95, 0.99]
    histogram = Histogram("scores", "Live ones", buckets=BOUNDS, registry=CollectorRegistry())
    for score in scores:
        histogram.observe(score)
    [family] = histogram.collect()
    live = {s.labels["le"]: s.value / len(scores) for s in family.samples if s.name == "scores_bucket"}
    assert live.pop("+Inf") == 1
    assert shares(scores) == pytest.approx(live)
    assert shares([]) == {}


def test_a_message_of_another_form_has_no_age(stores: Settings, shown: Shown) -> None:
    connect(stores.redis, 0).lpush(Queues.REPORTS, json.dumps({"headers": {}}), "no json")
    assert shown("likeness_queue_messages", queue=Queues.REPORTS) == 2
    assert shown("likeness_queue_oldest_seconds", queue=Queues.REPORTS) == 0
