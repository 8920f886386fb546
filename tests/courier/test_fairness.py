"""Whose deliveries go first: real records, real receivers, the courier's hand-out, and threads in Celery's place."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry

from core.comparisons.store import JobStore
from core.messaging.broker import Queues, Tasks
from core.settings import Settings
from core.webhooks.deliveries import ATTEMPTS_PER_HOST, MOST_OF_ONE_OWNER, DeliveryStatus, DeliveryStore, Share
from core.webhooks.destinations import DestinationRules, true_destination
from core.webhooks.outbox import host_key
from core.webhooks.signing import new_secret
from courier.dispatch import Dispatch
from courier.instruments import Instruments
from tests.support.receivers import job_that_calls_back, receiving
from tests.support.servers import Servers
from tests.support.stack import eventually

TIMEOUT_S = 1.0
MALLORYS = 300
EndedBy = Callable[..., str]


@pytest.fixture
def settings(redis_server: Servers) -> Settings:
    return redis_server.settings.but(
        webhook_secrets=new_secret(),
        webhook_allow_http=True,
        webhook_allow_private=True,
        webhook_timeout_s=TIMEOUT_S,
        webhook_schedule_s=(0.1,) * 5,
    )


@pytest.fixture
def store(settings: Settings) -> DeliveryStore:
    return DeliveryStore(settings.redis, settings.webhooks)


@pytest.fixture
def ended_by(settings: Settings, store: DeliveryStore) -> EndedBy:
    """A job of this owner has ended, and its delivery is due; returns the event's id."""
    jobs = JobStore.of(settings)

    def end(owner: str | None, url: str) -> str:
        job = job_that_calls_back(url, owner)
        jobs.create(job)
        jobs.cancel(job.id)
        store.replay(str(job.event_id))  # at once, without its head start
        return str(job.event_id)

    return end


@contextmanager
def delivering(settings: Settings) -> Iterator[Dispatch]:
    """Sweeps and delivers as a courier does, on as many threads, until the end of the block."""
    dispatch, over = Dispatch(settings, Instruments(CollectorRegistry())), threading.Event()
    with ThreadPoolExecutor(settings.courier.threads) as pool:

        def enqueue(
            task: str, *args: str, queue: str | None = None, priority: int = 0, expires_s: float | None = None
        ) -> None:
            assert task == Tasks.DELIVER
            pool.submit(dispatch.deliver, args[0], queue or Queues.CALLBACKS)

        def sweep() -> None:
            while not over.wait(0.1):
                dispatch.sweep(enqueue)

        sweeping = pool.submit(sweep)
        try:
            yield dispatch
        finally:
            over.set()
            sweeping.result()
            pool.shutdown(cancel_futures=True)


ALIASES = (
    *(
        "https://evil.example/",
        "https://EVIL.example:443/a",
        "https://evil.example:0443/",
        "https://evil.example:00443/",
    ),
    *(
        "https://evil.example./",
        "https://evil.example:/",
        "HTTPS://evil.example:443?b#c",
        "https://evil.example:000443",
    ),
)


def test_one_destination_has_one_budget_however_its_url_is_written() -> None:
    rules = DestinationRules()
    assert {(there.host.rstrip("."), there.port) for there in map(rules.check_url, ALIASES)} == {("evil.example", 443)}
    assert {true_destination(url) for url in ALIASES} == {"https://evil.example:443"}
    assert len({host_key(url, "mallory") for url in ALIASES}) == 1
    assert true_destination("http://[::ffff:7f00:1]:80/") == true_destination("http://127.0.0.1/")


def test_another_destination_and_another_owner_have_another_budget() -> None:
    apart = ["https://a.example/", "http://a.example/", "https://a.example:8443/", "https://b.example/"]
    assert len({host_key(url, owner) for url in apart for owner in (None, "ada", "bob")}) == 12


def test_an_owner_has_a_part_of_a_share_over_all_destinations(store: DeliveryStore, ended_by: EndedBy) -> None:
    share = Share(Queues.CALLBACKS, 3, spares_slow=True)
    mallorys = [ended_by("mallory", f"https://{number}.wild.example/") for number in range(6)]
    taken = [found for event_id in mallorys if (found := store.take(event_id, share))]
    assert len(taken) == 3
    assert store.take(ended_by("ada", "https://ada.example/"), share), "others are not held up"
    nobodys = [ended_by(None, f"https://{number}.wild.example/") for number in range(6)]
    assert all(store.take(event_id, share) for event_id in nobodys), "without keys there is nobody to be fair to"
    retries = Share(Queues.CALLBACKS_RETRY, 1, spares_slow=False)
    assert store.take(mallorys[-1], retries), "of each share of its own"
    store.settle(taken[0], [], DeliveryStatus.DELIVERED)
    store.replay(mallorys[-2])
    assert store.take(mallorys[-2], share), "a place has become free"


def test_what_is_due_is_handed_out_by_turns_of_owners(store: DeliveryStore, ended_by: EndedBy) -> None:
    mallorys = {ended_by("mallory", f"https://{number}.example/") for number in range(MOST_OF_ONE_OWNER + 20)}
    adas = {ended_by("ada", "https://ada.example/") for _ in range(3)}
    nobodys = {ended_by(None, "https://receiver.example/") for _ in range(2)}
    first = [event_id for event_id, _ in store.hand_out(9)]
    assert Counter(event_id in mallorys for event_id in first) == {True: 4, False: 5}
    assert {*first} >= adas | nobodys
    rest = [event_id for event_id, _ in store.hand_out(1000)]
    assert len(rest) == MOST_OF_ONE_OWNER, "and not more of one owner in a round"
    assert {event_id for event_id, _ in store.hand_out(1000)} | {*first, *rest} == mallorys | adas | nobodys


def test_what_would_find_no_place_is_not_handed_out_and_hides_nobody(store: DeliveryStore, ended_by: EndedBy) -> None:
    shares = (Share(Queues.CALLBACKS, 5, spares_slow=True), Share(Queues.CALLBACKS_RETRY, 2, spares_slow=False))
    tarpits = [ended_by("mallory", "https://tarpit.example/") for _ in range(ATTEMPTS_PER_HOST + 3)]
    taken = [store.take(event_id, shares[0]) for event_id in tarpits[:ATTEMPTS_PER_HOST]]
    elsewhere = [ended_by("mallory", f"https://{number}.example/") for number in range(2)]
    of_ada = ended_by("ada", "https://ada.example/")
    assert {event_id for event_id, _ in store.hand_out(100, shares)} == {*elsewhere, of_ada}, "the destination is full"
    assert store.take(elsewhere[0], shares[0])
    late = ended_by("mallory", "https://late.example/")
    assert not store.hand_out(100, shares), "the owner has all of the share that it may"
    assert taken[0]
    store.settle(taken[0], [], DeliveryStatus.DELIVERED)
    assert {event_id for event_id, _ in store.hand_out(100, shares)} == {late, *tarpits[ATTEMPTS_PER_HOST:]}


def test_a_destination_that_timed_out_is_tried_among_the_retries_until_something_arrives_there(
    settings: Settings, store: DeliveryStore, ended_by: EndedBy
) -> None:
    firsts = Share(Queues.CALLBACKS, 4, spares_slow=True)
    first, second, third = (ended_by("ada", "https://slow.example/") for _ in range(3))
    of_another = ended_by("bob", "https://slow.example/")
    taken = store.take(first, firsts)
    assert taken
    store.settle(taken, [], DeliveryStatus.PENDING, retry_at=taken.due_at, is_slow=True)
    assert store.take(second, firsts) is None
    assert dict(store.hand_out(100)) == {first: True, second: True, third: True, of_another: False}
    assert store.take(of_another, firsts), "whom one owner finds slow another may find quick"
    taken = store.take(second, Share(Queues.CALLBACKS_RETRY, 4, spares_slow=False))
    assert taken
    store.settle(taken, [], DeliveryStatus.DELIVERED)
    assert store.take(third, firsts)


@pytest.mark.parametrize("spelling", ["one destination", "many destinations"])
def test_an_owner_whose_consumers_never_answer_delays_no_other_owner(
    settings: Settings, store: DeliveryStore, ended_by: EndedBy, spelling: str
) -> None:
    enough = threading.Event()

    def never(number: int) -> int:
        enough.wait(60)
        return 204

    with receiving(never, address="0.0.0.0") as tarpit, receiving() as good:
        for number in range(MALLORYS):
            host = f"127.0.{number % 250}.2" if spelling == "many destinations" else "127.0.0.1"
            ended_by("mallory", f"http://{host}:{'0' * (number % 60)}{tarpit.port}/")
        with delivering(settings):
            eventually(lambda: _assert(len(tarpit.requests) >= 4))
            event_id = ended_by("ada", good.url)
            eventually(lambda: _assert(good.ids == {event_id}))
            assert len(tarpit.ids) < MALLORYS / 2, "of those that were due before it"
            enough.set()


def _assert(condition: bool) -> None:
    assert condition
