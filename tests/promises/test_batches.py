"""A batch ends as it was promised, whatever is killed or lost meanwhile: nothing is lost, and nothing is done twice."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from core.batches.store import BatchStore
from core.comparisons.erasure import erase_due
from core.comparisons.store import JobStore
from core.messaging.broker import BROKER_DATABASE, Queues
from core.storage.connection import connect
from core.storage.objects import ObjectStore
from core.webhooks.signing import new_secret
from tests.batches.conftest import accepted, rows, submit
from tests.support.receivers import receiving
from tests.support.stack import Stack, eventually
from tests.support.submitting import photograph

#: A shard of 8 photographs takes 0.6 s, all ten of them six; scores are drawn by chance: doing it twice shows.
SLEEPING = {"LIKENESS_ENGINE": "sleeping", "LIKENESS_SLEEP_MS": "150", "LIKENESS_ENGINE_THREADS": "2"}
CALLBACKS = {"LIKENESS_WEBHOOK_ALLOW_HTTP": "true", "LIKENESS_WEBHOOK_ALLOW_PRIVATE": "true"}
PAIRS = 40


@pytest.fixture
def http(own_stack: Stack) -> Iterator[httpx.Client]:
    secret = {"LIKENESS_WEBHOOK_SECRETS": new_secret(), **CALLBACKS}
    own_stack.start("api", **secret)
    own_stack.start("courier", "beat", **secret)
    own_stack.start("embedder", **SLEEPING)
    eventually(lambda: httpx.get(f"{own_stack.url}/health").raise_for_status())
    with httpx.Client(base_url=own_stack.url, timeout=60) as client:
        yield client


@pytest.fixture
def wait_for(http: httpx.Client) -> Callable[..., dict[str, Any]]:
    """The batch, once so many of its pairs are done, or once it has ended."""

    def wait(batch_id: str, *, done: int = 0) -> dict[str, Any]:
        def look() -> dict[str, Any]:
            batch: dict[str, Any] = http.get(f"/v1/batches/{batch_id}").json()
            if done:
                assert batch["counts"]["done"] >= done, batch
            else:
                assert batch["status"] in ("succeeded", "failed", "cancelled"), batch
            return batch

        return eventually(look, within_s=90)

    return wait


def distinct(http: httpx.Client, **form: Any) -> str:
    """A batch of distinct pairs, accepted."""
    image = photograph()
    photographs = {f"{side}{n}": image + bytes([n]) for n in range(PAIRS) for side in "rp"}
    pairs = [{"reference": f"r{n}", "probe": f"p{n}"} for n in range(PAIRS)]
    return str(accepted(submit(http, photographs, json.dumps(pairs).encode(), **form))["id"])


def nothing_is_left(stack: Stack) -> None:
    erase_due(JobStore.of(stack.settings), ObjectStore(stack.settings.objects))  # as the courier does, every 15 s
    assert list(ObjectStore(stack.settings.objects).keys("batches/")) == []
    redis = connect(stack.settings.redis)
    assert redis.zcard("shards:all") == 0
    assert list(redis.scan_iter("shard:*")) == []


def test_a_batch_outlives_kill_9_of_its_worker_and_of_redis_and_is_told_once(
    own_stack: Stack, http: httpx.Client, wait_for: Callable[..., dict[str, Any]]
) -> None:
    with receiving() as receiver:
        batch_id = distinct(http, callback_url=receiver.url, metadata='{"case": "42"}')
        wait_for(batch_id, done=1)
        own_stack.kill("embedder")
        before = rows(http, batch_id)
        own_stack.start("embedder", **SLEEPING)
        wait_for(batch_id, done=len(before) + 1)
        own_stack.kill("redis")
        own_stack.start("redis")
        own_stack.wait_for_servers()
        batch = wait_for(batch_id)
        assert (batch["status"], batch["counts"]["compared"]) == ("succeeded", PAIRS), batch
        after = rows(http, batch_id)
        assert [row["custom_id"] for row in after] == [str(n + 1) for n in range(PAIRS)]
        kept = {row["custom_id"]: row for row in after}
        assert [kept[row["custom_id"]] for row in before] == before, "what was done was not done again"
        eventually(partial(nothing_is_left, own_stack))

        def told() -> None:
            assert receiver.requests

        eventually(told)
        assert {request.id for request in receiver.requests} == {batch["event_id"]}
        event = receiver.requests[0].event
        assert (event["type"], event["data"]["counts"]) == ("batch.succeeded", batch["counts"])
        assert (event["data"]["metadata"], event["data"]["url"]) == ({"case": "42"}, f"/v1/batches/{batch_id}")
        shown = http.get(f"/v1/webhook-deliveries/{batch['event_id']}").json()
        assert shown["urls"]["job"] == f"/v1/batches/{batch_id}"


def test_a_batch_whose_messages_are_lost_is_brought_back(
    own_stack: Stack, http: httpx.Client, wait_for: Callable[..., dict[str, Any]]
) -> None:
    own_stack.kill("embedder")
    batch_id = distinct(http)
    broker = connect(own_stack.settings.redis, BROKER_DATABASE)
    assert broker.delete(*Queues.BATCH_LANES) == 2
    own_stack.start("embedder", LIKENESS_ENGINE="sleeping", LIKENESS_SLEEP_MS="5")
    assert wait_for(batch_id)["status"] == "succeeded"
    eventually(partial(nothing_is_left, own_stack))


def test_a_batch_that_is_cancelled_in_the_middle_keeps_what_is_done(
    own_stack: Stack, http: httpx.Client, wait_for: Callable[..., dict[str, Any]]
) -> None:
    batch_id = distinct(http)
    wait_for(batch_id, done=1)
    cancelled = http.post(f"/v1/batches/{batch_id}/cancel").json()
    assert cancelled["status"] == "cancelled"
    assert 0 < cancelled["counts"]["done"] < PAIRS
    done = rows(http, batch_id)
    assert len(done) == cancelled["counts"]["done"]
    eventually(partial(nothing_is_left, own_stack))
    assert http.post(f"/v1/batches/{batch_id}/cancel").json() == cancelled, "twice is the same as once"
    broker = connect(own_stack.settings.redis, BROKER_DATABASE)

    def all_is_quiet() -> None:
        assert [broker.llen(queue) for queue in Queues.BATCH_LANES] == [0, 0]
        assert broker.hlen("unacked") == 0

    eventually(all_is_quiet)
    assert (http.get(f"/v1/batches/{batch_id}").json(), rows(http, batch_id)) == (cancelled, done)


def test_of_a_batch_that_is_erased_in_the_middle_nothing_is_left(
    own_stack: Stack, http: httpx.Client, wait_for: Callable[..., dict[str, Any]]
) -> None:
    batch_id = distinct(http)
    wait_for(batch_id, done=1)
    assert http.delete(f"/v1/batches/{batch_id}").status_code == 204
    broker, redis = connect(own_stack.settings.redis, BROKER_DATABASE), connect(own_stack.settings.redis)

    def all_is_quiet() -> None:
        nothing_is_left(own_stack)
        assert [broker.llen(queue) for queue in Queues.BATCH_LANES] == [0, 0]
        assert broker.hlen("unacked") == 0
        assert [key for key in redis.scan_iter(f"*{batch_id}*") if "-lease" not in key] == []

    eventually(all_is_quiet)
    assert http.get(f"/v1/batches/{batch_id}").status_code == 404
    assert BatchStore.of(own_stack.settings).open()[None] == 0
