"""The same request twice is done once."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.comparisons.store import JobStore
from core.storage.connection import connect
from core.storage.idempotency import answer_key
from likeness.client import Client
from tests.support.keyed import Files, NewKey
from tests.support.lossy import Fate, LossyProxy
from tests.support.stack import Stack

ClaimOf = Callable[[str], str]


@pytest.fixture
def client(new_key: NewKey) -> httpx.Client:
    return new_key("submit", "read", "evaluate", requests_per_minute=0)[1]


def post(client: httpx.Client, key: str, files: Files, path: str = "/v1/comparisons", **form: str) -> httpx.Response:
    return client.post(path, files=files, data=form, headers={"Idempotency-Key": key})


def jobs_of(client: httpx.Client) -> list[str]:
    return [job["id"] for job in client.get("/v1/comparisons", params={"limit": 100}).json()["jobs"]]


def test_the_same_request_is_answered_alike_and_done_once(client: httpx.Client, pair: Files) -> None:
    first = post(client, "order-1", pair, metadata='{"a": "b"}')
    assert first.status_code == 202
    assert "Idempotent-Replayed" not in first.headers
    for _ in range(2):
        again = post(client, "order-1", pair, metadata='{"a": "b"}')
        assert (again.status_code, again.content) == (202, first.content)
        assert again.headers["Idempotent-Replayed"] == "true"
        for name in ("Location", "Retry-After", "ETag", "Content-Type"):
            assert again.headers[name] == first.headers[name]
    assert jobs_of(client) == [first.json()["id"]]


def test_what_a_request_is_known_by_are_the_digests_of_its_images(
    secured: Stack, client: httpx.Client, pair: Files
) -> None:
    pair = {**pair, "probe": ("p.jpg", pair["probe"][1] + bytes(1))}
    reference, probe = (hashlib.sha256(pair[side][1]).hexdigest() for side in ("reference", "probe"))
    for answer in (post(client, "hashed-once", pair), client.post("/v1/comparisons", files=pair)):
        asked = JobStore.of(secured.settings).get(answer.json()["id"]).request
        assert (asked.reference.sha256, asked.probe.sha256) == (reference, probe)


def test_another_request_under_the_same_key_is_refused(client: httpx.Client, pair: Files) -> None:
    first = post(client, "order-2", pair)
    others = [
        post(client, "order-2", pair, threshold="0.4"),
        post(client, "order-2", {**pair, "probe": ("p.jpg", pair["probe"][1] + b" ")}),
        post(client, "order-2", pair, path="/compare"),
        client.post("/v1/evaluations", json={"dataset": "x"}, headers={"Idempotency-Key": "order-2"}),
    ]
    assert [(a.status_code, a.json()["code"]) for a in others] == [(422, "idempotency_key_reused")] * 4
    assert jobs_of(client) == [first.json()["id"]]


def test_a_key_is_a_callers_own(client: httpx.Client, new_key: NewKey, pair: Files) -> None:
    _, other = new_key("submit", "read")
    assert post(client, "same", pair).json()["id"] != post(other, "same", pair).json()["id"]


def test_what_was_refused_is_not_kept(client: httpx.Client, pair: Files) -> None:
    bad = {**pair, "probe": ("p", b"no image")}
    assert [post(client, "order-3", bad).status_code for _ in range(2)] == [415, 415]
    assert post(client, "order-3", pair, pack="nobody").json()["code"] == "pack_unknown"
    assert post(client, "order-3", pair).status_code == 202
    headers = {"Idempotency-Key": "run-1"}
    for name in ("nobody", "nobody-else"):
        answer = client.post("/v1/evaluations", json={"dataset": name}, headers=headers)
        assert answer.json()["code"] == "dataset_unknown"


@pytest.mark.parametrize("key", ["", "a b", "a" * 256, "ü"])
def test_a_key_is_visible_ascii_and_not_too_long(client: httpx.Client, pair: Files, key: str) -> None:
    answer = client.post("/v1/comparisons", files=pair, headers=[(b"Idempotency-Key", key.encode())])
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")
    assert post(client, "!~" * 127, pair).status_code == 202


def test_many_at_once_make_one_job(client: httpx.Client, pair: Files) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(client, "rush", pair), range(16)))
    assert {answer.status_code for answer in answers} <= {202, 200, 409}
    assert all(a.json()["code"] == "idempotency_in_flight" and a.headers["Retry-After"] for a in answers if a.is_error)
    [job] = jobs_of(client)
    assert {a.json()["id"] for a in answers if a.is_success} == {job}


def test_a_plain_call_is_answered_twice_and_compared_once(client: httpx.Client, pair: Files) -> None:
    first, again = (post(client, "plain", pair, path="/compare") for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert jobs_of(client) == [first.json()["job_id"]]


def test_erasing_a_job_erases_the_answer_about_it(secured: Stack, client: httpx.Client, pair: Files) -> None:
    job = post(client, "gone", pair).json()["id"]
    assert client.delete(f"/v1/comparisons/{job}").status_code == 204
    assert connect(secured.settings.redis).get(answer_key(job)) == ""
    answer = post(client, "gone", pair)
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
    assert jobs_of(client) == []


@pytest.fixture
def claim_of(secured: Stack) -> ClaimOf:
    """The stored claim whose subject is a job; for making it look as a crash would have left it."""
    redis = connect(secured.settings.redis)

    def find(job_id: str) -> str:
        [name] = [n for n in redis.scan_iter("idempotency:*") if redis.hget(n, "subject") == job_id]
        return str(name)

    return find


def test_a_crash_before_the_job_was_made_blocks_the_key_for_a_while_only(
    secured: Stack, client: httpx.Client, pair: Files, claim_of: ClaimOf
) -> None:
    redis = connect(secured.settings.redis)
    made = post(client, "crash-1", pair).json()["id"]
    claim = claim_of(made)
    client.get(f"/v1/comparisons/{made}", params={"wait": 30})
    JobStore.of(secured.settings).erase(made)
    redis.delete(answer_key(made))
    answer = post(client, "crash-1", pair)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_flight"), "its id, and no job yet"
    redis.hdel(claim, "subject")
    assert post(client, "crash-1", pair).status_code == 409, "not even an id yet"
    redis.hset(claim, "leased_until", 0)
    again = post(client, "crash-1", pair)
    assert again.status_code == 202
    assert "Idempotent-Replayed" not in again.headers
    assert jobs_of(client) == [again.json()["id"]] != [made]
    assert redis.ttl(claim) > 86000


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.integers(0, 2**60))
@settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_there_are_as_many_jobs_as_keys(client: httpx.Client, pair: Files, keys: list[str], run: int) -> None:
    before = len(jobs_of(client))
    ids = [post(client, f"{run}-{key}-{len(keys)}-{before}", pair).json()["id"] for key in keys]
    assert len(set(ids)) == len(set(keys)) == len(jobs_of(client)) - before
    assert all((a == b) == (x == y) for a, x in zip(ids, keys, strict=True) for b, y in zip(ids, keys, strict=True))


class LossyWay(LossyProxy):
    """Before the API: `fates` are those of submissions."""

    _fate = Fate.PASSED

    def _fate_of(self, said: bytes) -> Fate:
        if said.startswith(b"POST /v1/comparisons"):
            self._fate = self.fates.popleft() if self.fates else Fate.PASSED
            self.dealt[self._fate] += 1
        return self._fate


def test_the_client_sends_again_what_got_no_answer_and_makes_one_job(
    secured: Stack, client: httpx.Client, pair: Files
) -> None:
    way = LossyWay(int(secured.url.rpartition(":")[2]))
    way.fates += [Fate.UNSENT, Fate.UNANSWERED]
    try:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        with Client(f"http://127.0.0.1:{way.port}", key=token) as ours:
            job = ours.submit(pair["reference"][1], pair["probe"][1])
        assert jobs_of(client) == [job.id]
    finally:
        way.close()
    assert way.dealt == {Fate.UNSENT: 1, Fate.UNANSWERED: 1, Fate.PASSED: 1}
