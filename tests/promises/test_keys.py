"""Keys and idempotency while parts of the stack are away."""

import signal
import threading
import time

import httpx
import pytest

from core.comparisons.store import JobStore
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.storage.lifecycle import Status
from tests.support.keyed import Files, nobody, with_key
from tests.support.stack import Stack, eventually


@pytest.fixture
def pair() -> Files:
    return nobody()


def test_while_redis_is_away_nobody_gets_in(own_stack: Stack) -> None:
    own_stack.start("api", LIKENESS_AUTH="on")
    eventually(lambda: httpx.get(f"{own_stack.url}/health").raise_for_status())
    _, token = KeyStore(own_stack.settings.redis).create("k", [Scope.READ], requests_per_minute=5)
    with with_key(own_stack, str(token)) as client:
        assert client.get("/v1/comparisons").status_code == 200
        own_stack.kill("redis")
        began = time.monotonic()
        answer = client.get("/v1/comparisons")
        assert (answer.status_code, answer.json()["code"]) == (503, "broker_unavailable")
        assert answer.headers["Retry-After"]
        assert time.monotonic() - began < 15


def test_an_api_killed_while_it_waits_has_made_one_job(own_stack: Stack, pair: Files) -> None:
    own_stack.start("api", LIKENESS_AUTH="on")
    eventually(lambda: httpx.get(f"{own_stack.url}/health").raise_for_status())
    _, token = KeyStore(own_stack.settings.redis).create("k", [Scope.SUBMIT, Scope.READ])
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k", "Prefer": "wait=30"}
    jobs = JobStore.of(own_stack.settings)

    def ask() -> None:
        with pytest.raises(httpx.TransportError):
            httpx.post(f"{own_stack.url}/v1/comparisons", files=pair, headers=headers, timeout=60)

    asking = threading.Thread(target=ask)
    asking.start()

    def queued() -> str:
        [job] = jobs.page(limit=2).jobs or [None]
        assert job
        return job.id

    job = eventually(queued)
    own_stack.kill("api", signal.SIGKILL)
    asking.join()
    own_stack.start("api", LIKENESS_AUTH="on")
    eventually(lambda: httpx.get(f"{own_stack.url}/health").raise_for_status())
    again = httpx.post(f"{own_stack.url}/v1/comparisons", files=pair, headers={**headers, "Prefer": ""}, timeout=60)
    assert (again.status_code, again.json()["id"]) == (202, job)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(jobs.page(limit=10, status=Status.QUEUED).jobs) == 1
