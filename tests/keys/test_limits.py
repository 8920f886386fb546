"""Rates, quotas, the length of the queue, and whose turn it is."""

import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from keyed import Files, NewKey, with_key
from stack import Stack, eventually

from core.comparisons.store import JobStore
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.messaging.broker import Queues, messages_waiting
from core.storage.objects import ObjectStore


def test_a_key_over_its_rate_is_told_when_to_come_back(new_key: NewKey) -> None:
    _, client = new_key("read", requests_per_minute=3)
    _, other = new_key("read", requests_per_minute=3)
    for left in (2, 1, 0):
        answer = client.get("/v1/comparisons")
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Policy"] == '"requests";q=3;w=60'
        assert re.fullmatch(rf'"requests";r={left};t=\d+', answer.headers["RateLimit"])
        assert (answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"]) == ("3", str(left))
    answer = client.get("/v1/comparisons")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert other.get("/v1/comparisons").status_code == 200, "the limit is a key's own"


def test_a_key_without_limits_of_its_own_has_the_deployments(new_key: NewKey) -> None:
    _, client = new_key("read")
    assert client.get("/v1/comparisons").headers["RateLimit-Policy"] == '"requests";q=600;w=60'


def test_only_accepted_comparisons_count_against_the_quota(new_key: NewKey, pair: Files) -> None:
    _, client = new_key("submit", comparisons_per_day=2)
    for _ in range(3):
        refused = client.post("/v1/comparisons", files={**pair, "probe": ("p", b"no image")})
        assert refused.status_code == 415
    accepted = [client.post("/v1/comparisons", files=pair) for _ in range(2)]
    assert [answer.status_code for answer in accepted] == [202, 202]
    assert '"comparisons";q=2;w=86400' in accepted[0].headers["RateLimit-Policy"]
    assert '"comparisons";r=1;' in accepted[0].headers["RateLimit"]
    answer = client.post("/compare", files=pair)
    assert (answer.status_code, answer.json()["code"]) == (429, "quota_exceeded")
    assert 86000 < int(answer.headers["Retry-After"]) <= 86400


def test_a_comparison_that_the_store_refused_is_given_back(own_stack: Stack, pair: Files) -> None:
    own_stack.start("api", LIKENESS_AUTH="on")
    eventually(lambda: httpx.get(f"{own_stack.url}/health").raise_for_status())
    _, token = KeyStore(own_stack.settings.redis).create("k", [Scope.SUBMIT], comparisons_per_day=1)
    with with_key(own_stack, str(token)) as client:
        own_stack.kill("s3")
        assert client.post("/v1/comparisons", files=pair).json()["code"] == "store_unavailable"
        own_stack.start("s3")
        own_stack.wait_for_servers()
        assert client.post("/v1/comparisons", files=pair).status_code == 202


def test_a_full_queue_refuses_and_keeps_nothing(own_stack: Stack, pair: Files) -> None:
    own_stack.start("api", LIKENESS_MAX_QUEUED="3")
    eventually(lambda: httpx.get(f"{own_stack.url}/health").raise_for_status())
    with httpx.Client(base_url=own_stack.url, timeout=60) as client:
        accepted = [client.post("/v1/comparisons", files=pair) for _ in range(3)]
        assert {answer.status_code for answer in accepted} == {202}
        kept = set(ObjectStore(own_stack.settings.objects).keys("comparisons/"))
        for path in ("/v1/comparisons", "/compare"):
            answer = client.post(path, files=pair)
            assert (answer.status_code, answer.json()["code"]) == (503, "queue_full")
            assert int(answer.headers["Retry-After"]) >= 1
        assert set(ObjectStore(own_stack.settings.objects).keys("comparisons/")) == kept
        assert JobStore.of(own_stack.settings).waiting().in_all == 3
        client.post(f"{accepted[0].headers['Location']}/cancel")
        assert client.post("/v1/comparisons", files=pair).status_code == 202


def test_a_key_with_many_waiting_jobs_is_held_back_and_others_are_not(own_stack: Stack, pair: Files) -> None:
    own_stack.start("api", LIKENESS_AUTH="on", LIKENESS_MAX_QUEUED_PER_KEY="2")
    eventually(lambda: httpx.get(f"{own_stack.url}/health").raise_for_status())
    keys = KeyStore(own_stack.settings.redis)
    clients = [with_key(own_stack, str(keys.create(name, [Scope.SUBMIT])[1])) for name in ("busy", "calm")]
    busy, calm = clients
    assert [busy.post("/v1/comparisons", files=pair).status_code for _ in range(3)] == [202, 202, 429]
    answer = busy.post("/v1/comparisons", files=pair)
    assert answer.json()["code"] == "too_many_queued"
    assert answer.headers["Retry-After"]
    assert calm.post("/v1/comparisons", files=pair).status_code == 202
    for client in clients:
        client.close()


@pytest.mark.parametrize("busy_jobs", [200])
def test_a_key_with_one_job_does_not_wait_behind_one_with_hundreds(
    own_stack: Stack, pair: Files, busy_jobs: int
) -> None:
    own_stack.start("api", LIKENESS_AUTH="on", LIKENESS_KEY_REQUESTS_PER_MINUTE="0")
    eventually(lambda: httpx.get(f"{own_stack.url}/health").raise_for_status())
    keys = KeyStore(own_stack.settings.redis)
    busy, token = keys.create("busy", [Scope.SUBMIT])
    _, other = keys.create("calm", [Scope.SUBMIT, Scope.READ])
    with with_key(own_stack, str(token)) as client, ThreadPoolExecutor(4) as pool:
        accepted = list(pool.map(lambda _: client.post("/v1/comparisons", files=pair), range(busy_jobs)))
    assert {answer.status_code for answer in accepted} == {202}
    share = own_stack.settings.limits.fair_share
    assert share <= messages_waiting(own_stack.settings.redis, Queues.COMPARISONS) <= share + 4, (
        "4 threads may overshoot"
    )
    with with_key(own_stack, str(other)) as client:
        job = client.post("/v1/comparisons", files=pair).json()
        own_stack.start("worker")
        ended = client.get(job["urls"]["self"], params={"wait": 60}).json()
    assert ended["status"] == "succeeded"
    jobs = JobStore.of(own_stack.settings)
    done = jobs.get(job["id"]).ended_at or 0
    ended_first = [j for j in jobs.page(limit=busy_jobs, owner=busy.owner).jobs if j.ended_at and j.ended_at <= done]
    # Its place in the first lane is behind the busy key's fair share, and the other lane is served by turns.
    assert len(ended_first) <= 2 * (share + 4) + 8, f"{len(ended_first)} of {busy_jobs} jobs of the busy key came first"
