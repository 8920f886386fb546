"""One attempt at one delivery through the use case's constructor: real records, a real receiver, no courier."""

from collections.abc import Sequence

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from structlog.testing import capture_logs

from api.schemas.resources import delivery_resource
from core.comparisons.store import JobStore
from core.errors import RecordsUnavailable
from core.settings import Settings
from core.storage.connection import connect
from core.webhooks.deliveries import Attempt, Delivery, DeliveryStatus, DeliveryStore
from core.webhooks.destinations import Destination, DestinationRules
from core.webhooks.endpoints import EndpointStore
from core.webhooks.signers import Signers
from core.webhooks.signing import Keyring, new_secret
from courier.delivery import MOST_INTERRUPTIONS, Deliveries
from courier.guard import NameNotResolved, Resolver
from courier.sender import Sender
from tests.support.receivers import job_that_calls_back, receiving
from tests.support.servers import Servers

SCHEDULE_S = (60.0, 600.0)
NOBODY_SIGNS = Signers(Keyring(()), Keyring(()))


class Post:
    """Deliveries with what they were given."""

    def __init__(self, settings: Settings, rules: DestinationRules, resolver: Resolver | None = None) -> None:
        self.jobs = JobStore.of(settings)
        self.store = DeliveryStore(settings.redis, settings.webhooks)
        self._records = connect(settings.redis)
        sender = Sender(rules, timeout_s=2, resolver=resolver)
        self.secret = new_secret()
        self.signers = Signers(Keyring.parse(self.secret), Keyring(()))
        self.endpoints = EndpointStore(settings.redis)
        self.deliveries = Deliveries(self.store, self.endpoints, sender, self.signers, schedule_s=SCHEDULE_S)

    def due(self, url: str, owner: str | None = "ada") -> str:
        """A job has ended; returns the id of the event that is to be delivered."""
        job = job_that_calls_back(url, owner)
        self.jobs.create(job)
        return str(self.jobs.cancel(job.id).event_id)

    def attempt(self, event_id: str) -> Delivery:
        self.deliveries.attempt(event_id)
        return self.store.get(event_id)

    def let_time_pass(self, event_id: str) -> None:
        """The pause before the next attempt is over, and so is the lease of one who died."""
        self._records.hset(f"delivery:{event_id}", mapping={"due_at": 0})
        if self._records.hexists(f"delivery:{event_id}", "lease_until"):
            self._records.hset(f"delivery:{event_id}", "lease_until", 0)


@pytest.fixture
def post(redis_server: Servers) -> Post:
    return Post(redis_server.settings, DestinationRules(allow_http=True, allow_private=True))


def statuses(delivery: Delivery) -> Sequence[int | str | None]:
    return [attempt.status or attempt.error for attempt in delivery.log]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (204, DeliveryStatus.DELIVERED),
        (404, DeliveryStatus.DEAD),
        (410, DeliveryStatus.DISABLED),
        (503, DeliveryStatus.PENDING),
        (302, DeliveryStatus.PENDING),
    ],
)
def test_an_answer_decides_what_becomes_of_a_delivery(post: Post, answer: int, status: DeliveryStatus) -> None:
    with receiving(lambda number: answer) as receiver:
        event_id = post.due(receiver.url)
        delivery = post.attempt(event_id)
        assert (delivery.status, delivery.attempts, delivery.lease) == (status, 1, None)
        assert statuses(delivery) == [answer]
        assert receiver.ids == {event_id}
        assert receiver.requests[0].body.decode() == delivery.body
        assert (delivery.ended_at is None) is (status is DeliveryStatus.PENDING)


def test_what_has_ended_is_not_due_or_not_known_is_left_alone(post: Post) -> None:
    with receiving(lambda number: 503 if number == 1 else 204) as receiver:
        event_id = post.due(receiver.url)
        waits = post.attempt(event_id)
        assert SCHEDULE_S[0] * 0.9 <= waits.due_at - waits.log[0].at < SCHEDULE_S[1] * 0.9
        assert post.attempt(event_id) == waits, "not before its time"
        post.let_time_pass(event_id)
        delivered = post.attempt(event_id)
        assert post.attempt(event_id) == delivered
        post.deliveries.attempt("evt_nobody")
        assert (delivered.status, statuses(delivered)) == (DeliveryStatus.DELIVERED, [503, 204])
        assert len(receiver.requests) == 2


def test_an_event_is_signed_for_its_owner_whose_consumer_it_claims_to_be_for(post: Post) -> None:
    with receiving() as bobs_receiver:
        for owner in ("ada", "bob", None):
            post.attempt(post.due(bobs_receiver.url, owner))
    secrets = {owner: post.signers.for_owner(owner).keys[0].verifier for owner in ("ada", "bob", None)}
    assert secrets[None] == post.secret
    for owner, request in zip(secrets, bobs_receiver.requests, strict=True):
        assert request.event["data"]["owner"] == owner
        Webhook(secrets[owner]).verify(request.body, dict(request.headers))
        for other in {*secrets} - {owner}:
            with pytest.raises(WebhookVerificationError):
                Webhook(secrets[other]).verify(request.body, dict(request.headers))


def test_without_a_secret_an_event_waits_for_one_as_for_a_consumer_that_is_away(post: Post) -> None:
    sender = Sender(DestinationRules(), timeout_s=1)
    unsigned = Deliveries(post.store, post.endpoints, sender, NOBODY_SIGNS, schedule_s=SCHEDULE_S)
    event_id = post.due("https://receiver.example/")
    unsigned.attempt(event_id)
    delivery = post.store.get(event_id)
    assert (delivery.status, statuses(delivery)) == (DeliveryStatus.PENDING, ["no_secret"])


def test_after_the_last_pause_of_the_schedule_a_delivery_is_dead(post: Post) -> None:
    with receiving(lambda number: 500) as receiver:
        event_id = post.due(receiver.url)
        for _ in SCHEDULE_S:
            assert post.attempt(event_id).status is DeliveryStatus.PENDING
            post.let_time_pass(event_id)
        dead = post.attempt(event_id)
        assert (dead.status, dead.failed_attempts) == (DeliveryStatus.DEAD, len(SCHEDULE_S) + 1)


def test_a_receiver_may_ask_for_more_patience_than_the_schedule_has(post: Post) -> None:
    with receiving(lambda number: (429, {"Retry-After": "3000"})) as receiver:
        delivery = post.attempt(post.due(receiver.url))
        assert delivery.due_at - delivery.log[0].at >= 3000


def test_where_a_receiver_said_gone_later_events_of_that_owner_are_not_sent(post: Post) -> None:
    with receiving(lambda number: 410 if number == 1 else 204) as receiver:
        post.attempt(post.due(receiver.url))
        disabled = post.attempt(post.due(receiver.url))
        assert (disabled.status, disabled.log) == (DeliveryStatus.DISABLED, ())
        assert len(receiver.requests) == 1
        of_another = post.attempt(post.due(receiver.url, "bob"))
        assert of_another.status is DeliveryStatus.DELIVERED


def test_an_attempt_whose_courier_died_is_told_and_does_not_count(post: Post) -> None:
    with receiving() as receiver:
        event_id = post.due(receiver.url)
        assert post.store.take(event_id)
        post.deliveries.attempt(event_id)
        assert receiver.requests == [], "another may be at it"
        post.let_time_pass(event_id)
        delivery = post.attempt(event_id)
        assert statuses(delivery) == ["interrupted", 204]
        assert (delivery.status, delivery.attempts, delivery.failed_attempts) == (DeliveryStatus.DELIVERED, 2, 0)


def test_a_retry_after_that_no_calendar_has_does_not_undo_that_the_event_arrived(post: Post) -> None:
    never = {"Retry-After": "Mon, 99999999999999999999 Jan 2026 00:00:00 GMT"}
    with receiving(lambda number: (200, never)) as receiver:
        delivery = post.attempt(post.due(receiver.url))
        assert (delivery.status, statuses(delivery)) == (DeliveryStatus.DELIVERED, [200])


def test_an_attempt_that_breaks_on_our_side_is_a_failed_one(redis_server: Servers) -> None:
    class Broken(DestinationRules):
        def check_url(self, url: str) -> Destination:
            raise RuntimeError(url)

    post = Post(redis_server.settings, Broken())
    delivery = post.attempt(post.due("https://receiver.example/"))
    assert (delivery.status, statuses(delivery), delivery.failed_attempts) == (DeliveryStatus.PENDING, ["internal"], 1)


def test_a_delivery_whose_every_attempt_ends_its_courier_ends_as_well(post: Post) -> None:
    event_id = post.due("https://never-sent.example/")
    couriers = 0
    while post.store.get(event_id).status is DeliveryStatus.PENDING:
        for _ in range(MOST_INTERRUPTIONS + 1):
            assert post.store.take(event_id)  # and its courier dies
            post.let_time_pass(event_id)
            couriers += 1
        post.attempt(event_id)
        post.let_time_pass(event_id)
    dead = post.store.get(event_id)
    assert (dead.status, dead.failed_attempts) == (DeliveryStatus.DEAD, len(SCHEDULE_S) + 1)
    assert couriers == (MOST_INTERRUPTIONS + 1) * (len(SCHEDULE_S) + 1)
    assert set(statuses(dead)) == {"interrupted"}
    post.store.replay(event_id)
    assert post.store.take(event_id), "an operator may try again"


def test_a_url_that_the_guard_refuses_is_dead_at_once(redis_server: Servers) -> None:
    post = Post(redis_server.settings, DestinationRules())
    dead = post.attempt(post.due("https://127.0.0.1/events"))
    assert (dead.status, statuses(dead)) == (DeliveryStatus.DEAD, ["callback_address_refused"])


class Dns:
    """Knows one name, and what it may not tell."""

    def resolve(self, host: str, timeout_s: float) -> Sequence[str]:
        if host == "redis.prod.svc.cluster.local":
            return ["10.96.14.7"]
        raise NameNotResolved(f"{host}: Name or service not known")


def test_an_owner_does_not_learn_which_names_our_network_knows(
    redis_server: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    post = Post(redis_server.settings, DestinationRules(), Dns())
    told = []
    for name in ("redis.prod.svc.cluster.local", "nobody.prod.svc.cluster.local"):
        with capture_logs() as logs:
            delivery = post.attempt(post.due(f"https://{name}/"))
        [attempt] = delivery_resource(delivery)["log"]
        told.append((delivery.status, delivery.failed_attempts, {**attempt, "at": None}))
        assert "10.96" not in str(delivery.log)
        # Where the process has set up its logs already, they go there.
        lines = [*logs, *(record.msg for record in caplog.records if isinstance(record.msg, dict))]
        assert any(line["event"] == "destination_unreachable" and line["why"] for line in lines)
    assert told[0] == told[1]
    assert told[0][2]["error"] == "callback_unreachable"


def test_nor_from_what_an_earlier_version_wrote_down() -> None:
    for error, detail in (
        ("callback_address_refused", "10.96.14.7 is a private or loopback address"),
        ("name_not_resolved", "x.svc: Name or service not known"),
    ):
        assert Attempt(1.0, 12.5, None, error, detail).as_told == Attempt(
            1.0, 0.0, None, "callback_unreachable", "the name has no address, or one that callbacks may not go to"
        )
    answered = Attempt(1.0, 12.5, 503, None, "answered 503")
    assert answered.as_told == answered


def test_while_the_records_are_away_that_is_said_before_anything_is_sent(redis_server: Servers) -> None:
    post = Post(redis_server.settings.but(redis_url="redis://127.0.0.1:1"), DestinationRules())
    with pytest.raises(RecordsUnavailable):
        post.deliveries.attempt("evt_1")
