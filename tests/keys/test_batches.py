"""Batches and keys: whose they are, what they count, and how many may be open at a time."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from api.door.batches import lane_of
from api.door.services import make_services
from api.door.upload_places import UploadPlaces
from core.batches.shards import ShardStore
from core.messaging.broker import BROKER_DATABASE, Queues
from core.storage.connection import connect
from tests.batches.conftest import accepted, submit
from tests.support.keyed import NewKey
from tests.support.stack import Stack
from tests.support.submitting import photograph


def distinct(count: int) -> tuple[dict[str, bytes], bytes]:
    photographs = {f"p{n}": photograph() + bytes([n]) for n in range(2 * count)}
    lines = (f'{{"reference": "p{2 * n}", "probe": "p{2 * n + 1}"}}' for n in range(count))
    return photographs, "\n".join(lines).encode()


@contextmanager
def left_open(*clients: httpx.Client) -> Iterator[None]:
    """Nobody takes the batches of this stack: they stay open until they are erased."""
    try:
        yield
    finally:
        for client in clients:
            for batch in client.get("/v1/batches").json()["batches"]:
                client.delete(f"/v1/batches/{batch['id']}")


def test_another_keys_batch_is_none(new_key: NewKey) -> None:
    _, mine = new_key("submit", "read")
    _, other = new_key("submit", "read")
    with left_open(mine):
        batch_id = accepted(submit(mine, *distinct(1)))["id"]
        for method, path in (("GET", ""), ("GET", "/results"), ("POST", "/cancel"), ("DELETE", "")):
            answer = other.request(method, f"/v1/batches/{batch_id}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
        assert other.get("/v1/batches").json()["batches"] == []
        assert [batch["id"] for batch in mine.get("/v1/batches").json()["batches"]] == [batch_id]


def test_pairs_count_against_the_quota_and_those_that_do_not_fit_do_not(new_key: NewKey) -> None:
    _, client = new_key("submit", "read", comparisons_per_day=5)
    with left_open(client):
        first = submit(client, *distinct(3))
        assert '"comparisons";r=2;' in first.headers["RateLimit"]
        answer = submit(client, *distinct(3))
        assert (answer.status_code, answer.json()["code"]) == (429, "quota_exceeded")
        assert "3 were asked for, and 2 are left" in answer.json()["detail"]
        assert submit(client, *distinct(2)).status_code == 202, "the refused one did not count"
        assert submit(client, {"reference": photograph(), "probe": b""}).status_code == 429


def test_a_key_has_so_many_batches_open_and_another_is_not_refused_for_it(new_key: NewKey) -> None:
    _, client = new_key("submit", "read")
    _, other = new_key("submit", "read")
    with left_open(client, other):
        for _ in range(10):
            accepted(submit(client, *distinct(1)))
        answer = submit(client, *distinct(1))
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_batches")
        assert "LIKENESS_MAX_OPEN_BATCHES_PER_KEY" in answer.json()["detail"]
        assert int(answer.headers["Retry-After"]) > 0
        accepted(submit(other, *distinct(1)))


def test_beyond_its_fair_share_a_keys_shards_wait_in_the_lane_of_the_busy(new_key: NewKey, secured: Stack) -> None:
    key, client = new_key("submit", "read")
    broker = connect(secured.settings.redis, BROKER_DATABASE)
    broker.delete(*Queues.BATCH_LANES)
    with left_open(client):
        batch = accepted(submit(client, *distinct(24)))  # 48 photographs, 8 a shard
        assert batch["shards"] == 6
        assert [broker.llen(lane) for lane in Queues.BATCH_LANES] == [4, 2]
        assert ShardStore.of(secured.settings).waiting(key.owner) == 6
        lane = lane_of(make_services(secured.settings), key.owner)
        assert lane(0) == Queues.BATCHES_BUSY, "of the next batch all"
    assert ShardStore.of(secured.settings).waiting(key.owner) == 0
    broker.delete(*Queues.BATCH_LANES)


@pytest.mark.parametrize(("scopes", "status"), [(("read",), 403), (("evaluate",), 403)])
def test_who_may_not_submit_is_refused_before_the_body_is_read(
    new_key: NewKey, scopes: tuple[str, ...], status: int
) -> None:
    _, client = new_key(*scopes)
    assert submit(client, *distinct(1)).status_code == status


def test_places_to_read_batches_are_bounded_and_no_owner_has_more_than_half() -> None:
    places = UploadPlaces(4)
    with ExitStack() as stack:
        assert [stack.enter_context(places.place("ada")) for _ in range(3)] == [True, True, False]
        assert [stack.enter_context(places.place(who)) for who in ("bob", None, "eve")] == [True, True, False]
    with places.place("ada") as is_granted:
        assert is_granted
