"""Events on their way: a real courier, real receivers that are slow, away, rude or killed in the middle."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
from standardwebhooks.webhooks import Webhook

from core.webhooks.deliveries import Delivery, DeliveryStatus, DeliveryStore
from tests.support.receivers import Received, receiving
from tests.support.stack import Stack, eventually

EndAJob = Callable[..., str]


def ends_as(status: DeliveryStatus, event_id: str, deliveries: DeliveryStore) -> Delivery:
    def ended() -> Delivery:
        delivery = deliveries.get(event_id)
        assert delivery.status is status, delivery
        return delivery

    return eventually(ended)


def verified(request: Received, *secrets: str) -> dict[str, object]:
    for secret in secrets:
        event = Webhook(secret).verify(request.body, dict(request.headers))
    return dict(event)


def test_a_comparison_announces_its_end(post: Stack, samples: dict[str, Path], webhook_secrets: list[str]) -> None:
    with receiving() as receiver, post.client() as client:
        images = samples["obama.jpg"].read_bytes(), samples["obama2.jpg"].read_bytes()
        job = client.submit(*images, callback_url=receiver.url, metadata='{"case": "42"}')
        eventually(lambda: assert_(len(receiver.requests) == 1))
        event = verified(receiver.requests[0], *webhook_secrets)
        job = client.get(job.id)
        assert event["type"] == "comparison.succeeded"
        data = event["data"]
        assert isinstance(data, dict)
        assert data == {name: job.document[name] for name in data if name != "url"} | {
            "url": f"/v1/comparisons/{job.id}"
        }
        assert (data["id"], data["metadata"], data["score"]) == (job.id, {"case": "42"}, job.score)
        assert job.document["event_id"] == receiver.requests[0].id
        shown = httpx.get(f"{post.url}/v1/webhook-deliveries/{job.document['event_id']}").json()
        assert shown["event"] == event


def assert_(condition: bool) -> None:
    assert condition


def test_a_cancelled_comparison_announces_that_too(post: Stack, samples: dict[str, Path]) -> None:
    post.kill("worker")
    with receiving() as receiver, post.client() as client:
        images = samples["obama.jpg"].read_bytes(), samples["obama2.jpg"].read_bytes()
        job = client.submit(*images, callback_url=receiver.url)
        client.cancel(job.id)
        eventually(lambda: assert_(len(receiver.requests) == 1))
        assert receiver.requests[0].event["type"] == "comparison.cancelled"
    post.start("worker")


def test_an_event_keeps_its_id_and_its_words_over_retries(
    end_a_job: EndAJob, deliveries: DeliveryStore, webhook_secrets: list[str]
) -> None:
    with receiving(lambda number: 503 if number <= 3 else 204) as receiver:
        event_id = end_a_job(receiver.url)
        delivery = ends_as(DeliveryStatus.DELIVERED, event_id, deliveries)
        assert receiver.ids == {event_id}
        assert len({request.body for request in receiver.requests}) == 1
        before = 0.0
        for request in receiver.requests:
            verified(request, *webhook_secrets)
            assert int(before) <= int(request.headers["webhook-timestamp"]) <= request.at, "the time of this attempt"
            before = request.at
        assert [attempt.status for attempt in delivery.log] == [503, 503, 503, 204]
        assert delivery.attempts == 4


def test_a_receiver_that_comes_up_later_gets_its_event(end_a_job: EndAJob, deliveries: DeliveryStore) -> None:
    with receiving() as receiver:
        pass

    def failed_twice() -> None:
        log = deliveries.get(event_id).log
        assert [attempt.error for attempt in log[:2]] == ["connection_failed"] * 2

    event_id = end_a_job(receiver.url)
    eventually(failed_twice)
    with receiving(port=receiver.port) as receiver:
        ends_as(DeliveryStatus.DELIVERED, event_id, deliveries)
        assert receiver.ids == {event_id}


def test_after_the_last_attempt_a_delivery_is_dead_and_can_be_replayed(
    post: Stack, end_a_job: EndAJob, deliveries: DeliveryStore
) -> None:
    with receiving(lambda number: 500) as receiver:
        event_id = end_a_job(receiver.url)
        dead = ends_as(DeliveryStatus.DEAD, event_id, deliveries)
        assert len(receiver.requests) == 6, "one, and five of the schedule"
        assert dead.ended_at
        listed = httpx.get(f"{post.url}/v1/webhook-deliveries", params={"status": "dead"}).json()["deliveries"]
        assert event_id in [delivery["id"] for delivery in listed]
        receiver.answer = lambda number: 204
        answer = httpx.post(f"{post.url}/v1/webhook-deliveries/{event_id}/replay")
        assert (answer.status_code, answer.json()["status"]) == (202, "pending")
        ends_as(DeliveryStatus.DELIVERED, event_id, deliveries)
        assert receiver.ids == {event_id}


def test_an_answer_that_is_final_is_not_asked_for_again(end_a_job: EndAJob, deliveries: DeliveryStore) -> None:
    with receiving(lambda number: 404) as receiver:
        event_id = end_a_job(receiver.url)
        assert ends_as(DeliveryStatus.DEAD, event_id, deliveries).attempts == 1
        assert len(receiver.requests) == 1


def test_gone_disables_the_url_until_a_replay(end_a_job: EndAJob, deliveries: DeliveryStore) -> None:
    with receiving(lambda number: 410) as receiver:
        first = end_a_job(receiver.url)
        ends_as(DeliveryStatus.DISABLED, first, deliveries)
        second = end_a_job(receiver.url)
        ends_as(DeliveryStatus.DISABLED, second, deliveries)
        assert receiver.ids == {first}, "the second was not sent"
        receiver.answer = lambda number: 204
        deliveries.replay(second)
        ends_as(DeliveryStatus.DELIVERED, second, deliveries)
        third = end_a_job(receiver.url)
        ends_as(DeliveryStatus.DELIVERED, third, deliveries)


def test_retry_after_is_honoured(end_a_job: EndAJob, deliveries: DeliveryStore) -> None:
    with receiving(lambda number: (429, {"Retry-After": "3"}) if number == 1 else 204) as receiver:
        ends_as(DeliveryStatus.DELIVERED, end_a_job(receiver.url), deliveries)
        first, second = receiver.requests
        assert second.at - first.at >= 2.9


def test_a_slow_receiver_starves_nobody(end_a_job: EndAJob, deliveries: DeliveryStore) -> None:
    enough = threading.Event()

    def slow(number: int) -> int:
        enough.wait(60)
        return 204

    with receiving(slow) as sloth, receiving() as brisk:
        waiting = [end_a_job(sloth.url) for _ in range(30)]
        eventually(lambda: assert_(len(sloth.requests) >= 4))
        quick = [end_a_job(brisk.url) for _ in range(5)]
        eventually(lambda: assert_(brisk.ids == {*quick}))
        assert len(sloth.ids) < len(waiting), "those before them in line had not all had their turn"
        assert all(deliveries.get(event_id).status is DeliveryStatus.PENDING for event_id in waiting)
        enough.set()
        for event_id in waiting:
            ends_as(DeliveryStatus.DELIVERED, event_id, deliveries)


def test_a_courier_killed_in_the_middle_delivers_again_under_the_same_id(
    post: Stack, end_a_job: EndAJob, deliveries: DeliveryStore
) -> None:
    enough = threading.Event()

    def first_is_slow(number: int) -> int:
        if number == 1:
            enough.wait(60)
        return 204

    with receiving(first_is_slow) as receiver:
        event_id = end_a_job(receiver.url)
        eventually(lambda: assert_(len(receiver.requests) == 1))
        post.kill("courier")
        post.start("courier")
        enough.set()
        delivery = ends_as(DeliveryStatus.DELIVERED, event_id, deliveries)
        assert receiver.ids == {event_id}
        assert [attempt.error for attempt in delivery.log] == ["interrupted", None]
        assert (delivery.attempts, delivery.failed_attempts) == (2, 0), (
            "an interruption is no failure of the consumer's"
        )


def test_an_event_whose_message_was_lost_goes_out_with_the_next_sweep(
    post: Stack, deliveries: DeliveryStore, end_silently: EndAJob
) -> None:
    with receiving() as receiver:
        event_id = end_silently(receiver.url)
        ends_as(DeliveryStatus.DELIVERED, event_id, deliveries)
        assert receiver.ids == {event_id}


def test_a_range_of_dead_deliveries_is_replayed(post: Stack, end_a_job: EndAJob, deliveries: DeliveryStore) -> None:
    with receiving(lambda number: 400) as receiver:
        ids = [end_a_job(receiver.url) for _ in range(4)]
        events = [ends_as(DeliveryStatus.DEAD, event_id, deliveries) for event_id in ids]
        receiver.answer = lambda number: 204
        since, until = between(*events[0:2]), between(*events[2:4])
        answer = httpx.post(
            f"{post.url}/v1/webhook-deliveries/replay", json={"status": "dead", "since": since, "until": until}
        )
        assert (answer.status_code, answer.json()) == (202, {"replayed": 2, "more": False})
        for event_id in ids[1:3]:
            ends_as(DeliveryStatus.DELIVERED, event_id, deliveries)
        for event_id in (ids[0], ids[3]):
            assert deliveries.get(event_id).status is DeliveryStatus.DEAD


def between(one: Delivery, other: Delivery) -> str:
    """A time after one event and before another."""
    return datetime.fromtimestamp((one.created_at + other.created_at) / 2, UTC).isoformat()


def test_no_secret_and_no_event_is_in_the_couriers_log(
    post: Stack, end_a_job: EndAJob, webhook_secrets: list[str]
) -> None:
    with receiving() as receiver:
        event_id = end_a_job(receiver.url)

        def written() -> None:
            assert any("delivery_attempted" in line and event_id in line for line in post.log("courier").splitlines())

        eventually(written)
    log = post.log("courier") + post.log("api")
    for secret in webhook_secrets:
        assert secret not in log
        assert secret.removeprefix("whsec_") not in log
    assert json.dumps({"case": "42"}, separators=(",", ":")) not in log
