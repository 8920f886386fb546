"""An ending and its delivery are one write, once: on a real Redis-protocol server, without any courier."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from core.comparisons.jobs import Job
from core.comparisons.store import JobStore
from core.errors import RecordNotFound, TransitionRefused
from core.storage.lifecycle import Failure, Status
from core.webhooks.deliveries import ATTEMPTS_PER_HOST, Attempt, DeliveryStatus, DeliveryStore
from tests.support.receivers import job_that_calls_back
from tests.support.servers import Servers

URL = "https://consumer.example/events"
NOBODY = Attempt(0.0, 1.0, None, "connection_failed", "nobody listens")


@pytest.fixture
def jobs(redis_server: Servers) -> JobStore:
    return JobStore.of(redis_server.settings)


@pytest.fixture
def store(redis_server: Servers) -> DeliveryStore:
    return DeliveryStore(redis_server.settings.redis, redis_server.settings.webhooks)


@pytest.fixture
def cancelled(jobs: JobStore) -> Callable[..., Job]:
    def cancel(url: str | None = URL, owner: str | None = None) -> Job:
        job = job_that_calls_back(url, owner)
        jobs.create(job)
        return jobs.cancel(job.id)

    return cancel


def at_once(call: Callable[[int], Any], times: int) -> list[Any]:
    results: list[Any] = []
    barrier = threading.Barrier(times)

    def run(number: int) -> None:
        barrier.wait()
        try:
            results.append(call(number))
        except TransitionRefused as error:
            results.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_many_that_end_a_job_one_writes_its_delivery(jobs: JobStore, store: DeliveryStore) -> None:
    job = job_that_calls_back(URL)
    jobs.create(job)
    ends = at_once(
        lambda number: jobs.cancel(job.id) if number % 2 else jobs.fail(job, Failure("a_test", "a test")), 12
    )
    status = jobs.get(job.id).status
    delivery = store.get(str(job.event_id))
    assert delivery.type == f"comparison.{status}"
    assert f'"status":"{status}"' in delivery.body
    assert [d.id for d in store.page(limit=100).deliveries].count(delivery.id) == 1
    assert any(isinstance(end, Job) for end in ends)


def test_an_event_says_what_was_decided_and_shows_no_face(cancelled: Callable[..., Job], store: DeliveryStore) -> None:
    job = cancelled()
    delivery = store.get(str(job.event_id))
    assert (delivery.job_id, delivery.url, delivery.status) == (job.id, URL, DeliveryStatus.PENDING)
    assert '"metadata":{"case":"42"}' in delivery.body
    for private in ("sha256", "images_key", "comparisons/none", "embedding", "faces", URL):
        assert private not in delivery.body
    assert len(delivery.body) < 4096


def test_a_job_without_a_callback_url_has_no_delivery(cancelled: Callable[..., Job], store: DeliveryStore) -> None:
    before = store.page(limit=100).deliveries
    assert cancelled(None).event_id is None
    assert store.page(limit=100).deliveries == before


def test_a_job_erased_before_its_end_is_not_announced(jobs: JobStore, store: DeliveryStore) -> None:
    job = job_that_calls_back(URL)
    jobs.create(job)
    jobs.erase(job.id)
    with pytest.raises(RecordNotFound):
        jobs.cancel(job.id)
    with pytest.raises(RecordNotFound):
        store.get(str(job.event_id))


def test_erasing_a_job_erases_what_was_to_be_said_about_it(
    jobs: JobStore, store: DeliveryStore, cancelled: Callable[..., Job]
) -> None:
    job = cancelled(owner="key_erases")
    event_id = str(job.event_id)
    taken = store.take(event_id)
    assert taken is not None
    jobs.erase(job.id)
    assert store.settle(taken, [NOBODY], DeliveryStatus.PENDING, retry_at=0.0) is False
    with pytest.raises(RecordNotFound):
        store.get(event_id)
    assert store.take(event_id) is None
    for owner in (None, "key_erases"):
        for status in (None, *DeliveryStatus):
            assert event_id not in [d.id for d in store.page(limit=100, status=status, owner=owner).deliveries]


def test_of_many_couriers_one_gets_the_delivery(store: DeliveryStore, cancelled: Callable[..., Job]) -> None:
    event_id = str(cancelled().event_id)
    assert sum(claim is not None for claim in at_once(lambda number: store.take(event_id), 12)) == 1


def test_one_host_is_not_tried_by_more_than_a_few_at_a_time(
    store: DeliveryStore, cancelled: Callable[..., Job]
) -> None:
    url = "https://busy.example/events"
    ids = [str(cancelled(url).event_id) for _ in range(2 * ATTEMPTS_PER_HOST)]
    taken = [claim for event_id in ids if (claim := store.take(event_id))]
    assert len(taken) == ATTEMPTS_PER_HOST
    assert store.take(str(cancelled("https://other.example/").event_id)), "others are not held up"
    store.settle(taken[0], [], DeliveryStatus.DELIVERED)
    assert store.take(ids[-1]), "a place has become free"


def test_a_delivery_waits_for_its_time(store: DeliveryStore, cancelled: Callable[..., Job]) -> None:
    event_id = str(cancelled("https://waits.example/").event_id)
    taken = store.take(event_id)
    assert taken is not None
    store.settle(taken, [NOBODY], DeliveryStatus.PENDING, retry_at=taken.due_at + 3600)
    assert store.take(event_id) is None
    waiting = store.get(event_id)
    assert (waiting.failed_attempts, waiting.attempts, waiting.log) == (1, 1, (NOBODY,))
    store.replay(event_id)
    again = store.take(event_id)
    assert again is not None
    assert (again.failed_attempts, again.attempts) == (0, 2)


def test_a_log_keeps_the_last_fifty_attempts(store: DeliveryStore, cancelled: Callable[..., Job]) -> None:
    event_id = str(cancelled("https://talks.example/").event_id)
    for number in range(60):
        taken = store.take(event_id)
        assert taken is not None
        attempt = Attempt(float(number), 1.0, 500, None, "answered 500")
        store.settle(taken, [attempt], DeliveryStatus.PENDING, retry_at=taken.due_at)
    log = store.get(event_id).log
    assert [attempt.at for attempt in log] == [float(number) for number in range(10, 60)]


def test_owners_see_their_own_deliveries(store: DeliveryStore, cancelled: Callable[..., Job]) -> None:
    mine = str(cancelled(owner="key_mine").event_id)
    theirs = str(cancelled(owner="key_theirs").event_id)
    assert [d.id for d in store.page(limit=100, owner="key_mine").deliveries] == [mine]
    assert [d.id for d in store.page(limit=100, owner="key_theirs").deliveries] == [theirs]
    assert {mine, theirs} <= {d.id for d in store.page(limit=100).deliveries}
    store.disable_url("key_mine", URL)
    assert store.is_disabled("key_mine", URL)
    assert not store.is_disabled("key_theirs", URL)
    assert not store.is_disabled(None, URL)


def test_what_is_handed_out_is_not_handed_out_twice(
    store: DeliveryStore, jobs: JobStore, cancelled: Callable[..., Job]
) -> None:
    event_id = str(cancelled("https://handed.example/").event_id)
    assert jobs.get(str(store.get(event_id).job_id)).status is Status.CANCELLED
    store.replay(event_id)  # due at once, without its head start
    assert event_id in dict(store.hand_out(1000))
    assert event_id not in dict(store.hand_out(1000))
