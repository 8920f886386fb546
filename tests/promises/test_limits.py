"""The length of the queue, and whose turn it is, with limits of a test's own."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from core.comparisons.store import JobStore
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.messaging.broker import Queues, messages_waiting
from core.messaging.presence import Presence
from core.storage.objects import ObjectStore
from tests.support.faults import frozen
from tests.support.keyed import Files, nobody, with_key
from tests.support.stack import Stack, eventually


@pytest.fixture
def pair() -> Files:
    return nobody()


def test_a_comparison_that_the_store_refused_is_given_back(whole_stack: Stack, pair: Files) -> None:
    whole_stack.start("api", LIKENESS_AUTH="on")
    eventually(lambda: httpx.get(f"{whole_stack.url}/health").raise_for_status())
    _, token = KeyStore(whole_stack.settings.redis).create("k", [Scope.SUBMIT], comparisons_per_day=1)
    with with_key(whole_stack, str(token)) as client:
        whole_stack.kill("s3")
        assert client.post("/v1/comparisons", files=pair).json()["code"] == "store_unavailable"
        whole_stack.start("s3")
        whole_stack.wait_for_servers()

        def is_accepted() -> None:
            answer = client.post("/v1/comparisons", files=pair)
            assert answer.status_code == 202, answer.text

        eventually(is_accepted)  # a store that has just started may refuse a write once more: given back as well
        assert client.post("/v1/comparisons", files=pair).json()["code"] == "quota_exceeded"


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
        own_stack.start("worker", LIKENESS_ENGINE="sleeping", LIKENESS_SLEEP_MS="20")
        ended = client.get(job["urls"]["self"], params={"wait": 60}).json()
    assert ended["status"] == "succeeded"
    jobs = JobStore.of(own_stack.settings)
    done = jobs.get(job["id"]).ended_at or 0
    ended_first = [j for j in jobs.page(limit=busy_jobs, owner=busy.owner).jobs if j.ended_at and j.ended_at <= done]
    # Its place in the first lane is behind the busy key's fair share, and the other lane is served by turns.
    assert len(ended_first) <= 2 * (share + 4) + 8, f"{len(ended_first)} of {busy_jobs} jobs of the busy key came first"


def test_the_surplus_of_a_busy_key_is_worked_off_by_a_worker_of_its_own_and_nobody_waits_for_it(
    own_stack: Stack, pair: Files
) -> None:
    own_stack.start("api", LIKENESS_AUTH="on", LIKENESS_KEY_REQUESTS_PER_MINUTE="0")
    own_stack.start("surplus", LIKENESS_ENGINE="sleeping", LIKENESS_SLEEP_MS="20")
    own_stack.start("worker", LIKENESS_ENGINE="sleeping", LIKENESS_SLEEP_MS="20", WORKER_QUEUES="comparisons")
    own_stack.wait_until_ready()
    presence = Presence(own_stack.settings.redis)

    def both_hold_the_pack() -> None:
        """Before they take anything."""
        holding = {worker.name.partition("@")[0] for worker in presence.workers() if worker.engines}
        assert holding == {"engine", "surplus"}

    eventually(both_hold_the_pack)
    keys, jobs = KeyStore(own_stack.settings.redis), JobStore.of(own_stack.settings)
    busy, token = keys.create("busy", [Scope.SUBMIT])
    _, other = keys.create("calm", [Scope.SUBMIT, Scope.READ])
    engine, surplus = (own_stack.processes[name].pid for name in ("worker", "surplus"))
    with frozen(surplus):
        with frozen(engine), with_key(own_stack, str(token)) as client, ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: client.post("/v1/comparisons", files=pair), range(60)))
        with with_key(own_stack, str(other)) as client:
            ended = client.post("/v1/comparisons", files=pair, headers={"Prefer": "wait=30"}).json()
        assert ended["status"] == "succeeded"
        assert jobs.waiting(busy.owner).of_owner, "the busy key has work left"
        assert str(jobs.get(ended["id"]).holder).startswith("engine@")

    def surplus_is_worked_off() -> None:
        assert not jobs.waiting(busy.owner).of_owner
        holders = [job.holder or "" for job in jobs.page(limit=60, owner=busy.owner).jobs]
        assert {holder.partition("@")[0] for holder in holders} == {"engine", "surplus"}

    eventually(surplus_is_worked_off)
