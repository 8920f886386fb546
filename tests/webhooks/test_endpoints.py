"""Registered endpoints: who is told of what, with which secret, and what is written with an ending."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from core.comparisons.jobs import Job
from core.comparisons.store import JobStore
from core.errors import RecordNotFound, TransitionRefused
from core.settings import Settings
from core.storage import scripts
from core.storage.connection import connect
from core.storage.lifecycle import Failure
from core.webhooks.deliveries import DeliveryStatus, DeliveryStore
from core.webhooks.destinations import DestinationRules
from core.webhooks.endpoints import EndpointStore, EventType, TooManyEndpoints
from core.webhooks.signers import Signers
from core.webhooks.signing import Keyring, new_secret
from courier.delivery import Deliveries
from courier.sender import Sender
from tests.support.receivers import job_that_calls_back, receiving
from tests.support.servers import Servers

URL = "https://consumer.example/events"


@pytest.fixture
def settings(redis_server: Servers) -> Settings:
    return redis_server.settings


@pytest.fixture
def endpoints(settings: Settings) -> EndpointStore:
    return EndpointStore(settings.redis)


@pytest.fixture
def jobs(settings: Settings) -> JobStore:
    return JobStore.of(settings)


@pytest.fixture
def store(settings: Settings) -> DeliveryStore:
    return DeliveryStore(settings.redis, settings.webhooks)


@pytest.fixture
def attempt(store: DeliveryStore, endpoints: EndpointStore) -> Callable[[str], DeliveryStatus]:
    """One attempt at a delivery, by a courier that has no secret of the deployment."""
    sender = Sender(DestinationRules(allow_http=True, allow_private=True), timeout_s=2)
    courier = Deliveries(store, endpoints, sender, Signers(Keyring(()), Keyring(())), schedule_s=(60.0,))

    def once(event_id: str) -> DeliveryStatus:
        courier.attempt(event_id)
        return store.get(event_id).status

    return once


@pytest.fixture
def cancelled(jobs: JobStore) -> Callable[..., Job]:
    def cancel(owner: str | None, callback_url: str | None = None) -> Job:
        job = job_that_calls_back(callback_url, owner)
        jobs.create(job)
        return jobs.cancel(job.id)

    return cancel


def test_every_ending_is_told_to_each_endpoint_of_its_owner_that_wants_it(
    endpoints: EndpointStore, jobs: JobStore, store: DeliveryStore, cancelled: Callable[..., Job]
) -> None:
    all_of_it = endpoints.create("ada", "https://all.example/")
    failures = endpoints.create("ada", "https://failures.example/", [EventType.FAILED])
    endpoints.create("ada", "https://off.example/", enabled=False)
    endpoints.create("bob", "https://bob.example/")
    endpoints.create(None, "https://nobody.example/")
    ended = cancelled("ada", URL)
    told = [store.get(event_id) for event_id in ended.deliveries]
    assert [(d.url, d.endpoint_id) for d in told] == [(URL, None), (all_of_it.url, all_of_it.id)]
    assert told[0].id == ended.event_id
    assert len({delivery.body for delivery in told}) == 1, "the same words"
    assert {(d.job_id, d.owner, d.type, d.status) for d in told} == {
        (ended.id, "ada", "comparison.cancelled", DeliveryStatus.PENDING)
    }
    job = job_that_calls_back(None, "ada")
    jobs.create(job)
    failed = jobs.fail(job, Failure("a_test", "a test"))
    assert failed.event_id is None
    assert {store.get(event_id).endpoint_id for event_id in failed.deliveries} == {all_of_it.id, failures.id}
    assert jobs.get(job.id).deliveries == failed.deliveries


def test_nobodys_jobs_are_told_to_nobodys_endpoints(endpoints: EndpointStore, cancelled: Callable[..., Job]) -> None:
    endpoints.create("ada", URL)
    assert cancelled(None).deliveries == ()
    endpoints.create(None, URL)
    assert len(cancelled(None).deliveries) == 1


def test_of_many_that_end_a_job_one_tells_each_endpoint_once(
    endpoints: EndpointStore, jobs: JobStore, store: DeliveryStore
) -> None:
    for _ in range(3):
        endpoints.create("ada", URL)
    job = job_that_calls_back(URL, "ada")
    jobs.create(job)

    def end(number: int) -> None:
        with suppress(TransitionRefused):
            jobs.cancel(job.id) if number % 2 else jobs.fail(job, Failure("a_test", "a test"))

    with ThreadPoolExecutor(8) as pool:
        [*pool.map(end, range(8))]
    ended, told = jobs.get(job.id), store.page(limit=100, owner="ada").deliveries
    assert {delivery.id for delivery in told} == {*ended.deliveries}
    assert len(told) == 4
    assert {delivery.type for delivery in told} == {f"comparison.{ended.status}"}


def test_erasing_a_job_erases_what_was_to_be_said_to_endpoints_about_it(
    settings: Settings, endpoints: EndpointStore, jobs: JobStore, store: DeliveryStore, cancelled: Callable[..., Job]
) -> None:
    endpoints.create("ada", URL)
    job = cancelled("ada", URL)
    assert len(job.deliveries) == 2
    jobs.erase(job.id)
    for event_id in job.deliveries:
        with pytest.raises(RecordNotFound):
            store.get(event_id)
        assert store.take(event_id) is None
    left = [*connect(settings.redis).scan_iter("*deliver*")]
    assert left == []


def test_a_job_that_ended_before_there_were_endpoints_is_read_and_erased_as_before(
    settings: Settings, jobs: JobStore, store: DeliveryStore, cancelled: Callable[..., Job]
) -> None:
    job = cancelled("ada", URL)
    connect(settings.redis).hdel(f"job:{job.id}", "deliveries")
    assert jobs.get(job.id).deliveries == (job.event_id,)
    jobs.erase(job.id)
    with pytest.raises(RecordNotFound):
        store.get(str(job.event_id))


def test_an_endpoints_events_are_signed_with_its_own_secret_and_no_other(
    endpoints: EndpointStore, cancelled: Callable[..., Job], attempt: Callable[[str], DeliveryStatus]
) -> None:
    with receiving() as receiver:
        adas, others = endpoints.create("ada", receiver.url), endpoints.create("bob", receiver.url)
        [event_id] = cancelled("ada").deliveries
        assert attempt(event_id) is DeliveryStatus.DELIVERED
    [request] = receiver.requests
    assert request.id == event_id
    Webhook(adas.secret).verify(request.body, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(others.secret).verify(request.body, dict(request.headers))
    assert request.headers["webhook-signature"].count("v1,") == 1


def test_while_a_secret_is_replaced_either_verifies_and_then_the_new_one_alone(
    endpoints: EndpointStore, cancelled: Callable[..., Job], attempt: Callable[[str], DeliveryStatus]
) -> None:
    with receiving() as receiver:
        before = endpoints.create("ada", receiver.url)
        after = endpoints.rotate(before.id, grace_s=60)
        attempt(cancelled("ada").deliveries[0])
        last = endpoints.rotate(before.id, grace_s=0)
        attempt(cancelled("ada").deliveries[0])
    both, alone = receiver.requests
    assert len({before.secret, after.secret, last.secret}) == 3
    for secret in (before.secret, after.secret):
        Webhook(secret).verify(both.body, dict(both.headers))
    Webhook(last.secret).verify(alone.body, dict(alone.headers))
    for secret in (before.secret, after.secret):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(alone.body, dict(alone.headers))


def test_a_delivery_goes_where_its_endpoint_is_now(
    endpoints: EndpointStore,
    store: DeliveryStore,
    cancelled: Callable[..., Job],
    attempt: Callable[[str], DeliveryStatus],
) -> None:
    endpoint = endpoints.create("ada", URL)
    moved, off, removed = (cancelled("ada").deliveries[0] for _ in range(3))
    with receiving() as receiver:
        endpoints.change(endpoint.id, url=receiver.url, event_types=[EventType.FAILED])
        assert attempt(moved) is DeliveryStatus.DELIVERED, "what was written to it is told"
        assert store.get(moved).url == receiver.url
        endpoints.change(endpoint.id, enabled=False)
        assert attempt(off) is DeliveryStatus.DISABLED
        endpoints.change(endpoint.id, enabled=True)
        store.replay(off)
        assert attempt(off) is DeliveryStatus.DELIVERED
        endpoints.remove(endpoint)
        assert attempt(removed) is DeliveryStatus.DISABLED
        assert receiver.ids == {moved, off}


def test_an_endpoint_whose_consumer_says_gone_is_disabled_and_no_callback_url_with_it(
    endpoints: EndpointStore,
    store: DeliveryStore,
    cancelled: Callable[..., Job],
    attempt: Callable[[str], DeliveryStatus],
) -> None:
    with receiving(lambda number: 410) as receiver:
        endpoint = endpoints.create("ada", receiver.url)
        first = cancelled("ada")
        assert attempt(first.deliveries[0]) is DeliveryStatus.DISABLED
        assert not endpoints.get(endpoint.id).enabled
        assert cancelled("ada").deliveries == ()
        assert not store.is_disabled("ada", receiver.url)


def test_an_owner_has_so_many_endpoints_and_no_more(endpoints: EndpointStore) -> None:
    made = [endpoints.create("ada", URL, most=3) for _ in range(3)]
    with pytest.raises(TooManyEndpoints, match="3 endpoints"):
        endpoints.create("ada", URL, most=3)
    endpoints.create("bob", URL, most=3)
    endpoints.remove(made[0])
    assert endpoints.create("ada", URL, most=3)


def test_what_is_removed_does_not_come_back_by_a_change(endpoints: EndpointStore, settings: Settings) -> None:
    endpoint = endpoints.create("ada", URL)
    endpoints.remove(endpoint)
    with pytest.raises(RecordNotFound):
        endpoints.change(endpoint.id, enabled=True)
    with pytest.raises(RecordNotFound):
        endpoints.rotate(endpoint.id)
    assert [*connect(settings.redis).scan_iter("endpoint*")] == []


def test_a_rotation_that_is_sent_twice_keeps_the_secret_before(endpoints: EndpointStore, settings: Settings) -> None:
    endpoint = endpoints.create("ada", URL)
    new, now = new_secret(), time.time()
    change = scripts.load(connect(settings.redis), "endpoint_change")
    for _ in range(2):  # redis-py's own second try, where the first one's answer was lost
        change(keys=[f"endpoint:{endpoint.id}"], args=[new, now + 60, "changed_at", now])
    found = endpoints.get(endpoint.id)
    assert (found.secret, found.old_secret) == (new, endpoint.secret)


def test_no_repr_of_an_endpoint_shows_its_secrets(endpoints: EndpointStore) -> None:
    endpoint = endpoints.rotate(endpoints.create("ada", URL).id)
    assert "whsec_" not in f"{endpoint} {endpoint!r} {endpoint.keyring_at(0)}"
