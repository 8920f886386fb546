"""Redis answers that it will not: demoted, full, without a disk, silent. Nobody ends, and nobody is lied to."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.messaging.broker import BROKER_DATABASE, Queues, celery_app
from core.messaging.counting import counting
from core.storage.connection import connect
from core.storage.objects import ObjectStore
from evaluator.runs.chords import Chords
from tests.chaos.siege import ENVIRONMENT
from tests.evaluator.test_chords import SHARDS
from tests.storage.test_fitness import acl_user
from tests.support.faults import REFUSALS
from tests.support.servers import Servers, Store
from tests.support.stack import Stack, eventually, running
from tests.support.submitting import accept, submit

pytestmark = pytest.mark.promise

PROCESSES = ("api", "worker", "courier", "evaluator", "beat")


@pytest.fixture
def whole(tmp_path: Path, object_store: Store) -> Iterator[Stack]:
    """Every process there is, on the sleeping engine."""
    with running(tmp_path / "stack", tmp_path / "no-packs", object_store, **ENVIRONMENT) as stack:
        stack.start(*PROCESSES)
        stack.wait_until_ready()
        yield stack


@pytest.fixture
def client(whole: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=whole.url, timeout=60) as client:
        yield client


def holds_no_images(stack: Stack) -> None:
    assert [*ObjectStore(stack.settings.objects).keys("comparisons/")] == []


def test_what_redis_refuses_is_answered_with_503_and_all_goes_on_when_it_is_over(
    whole: Stack, client: httpx.Client
) -> None:
    redis = connect(whole.settings.redis)
    for word, fault in REFUSALS.items():
        with fault(redis, whole.home):
            until = time.monotonic() + 0.8
            while time.monotonic() < until:
                refused = submit(client)
                assert (refused.status_code, refused.json()["code"]) == (503, "broker_unavailable"), refused.text
                assert "Retry-After" in refused.headers
        holds_no_images(whole)
        accepted = eventually(lambda: accept(client))
        done = client.get(f"/v1/comparisons/{accepted}", params={"wait": 30}).json()
        assert done["status"] == "succeeded", word
        assert {name: whole.processes[name].poll() for name in PROCESSES} == dict.fromkeys(PROCESSES), word
        eventually(lambda: holds_no_images(whole))
    whole.wait_until_ready()


def test_a_user_with_the_rule_of_the_documentation_is_enough_for_every_process(
    tmp_path: Path, object_store: Store, redis_server: Servers
) -> None:
    """Down to the reaper, which asks for INFO, and a run's chord."""
    admin = connect(redis_server.settings.redis)
    as_app = acl_user(redis_server.settings, admin)
    url = as_app.redis.database(0).removesuffix("/0")
    environment = {**ENVIRONMENT, "LIKENESS_REDIS_URL": url, "LIKENESS_LOG_LEVEL": "INFO"}
    with running(tmp_path / "stack", tmp_path / "no-packs", object_store, **environment) as stack:
        stack.start(*PROCESSES)
        stack.wait_until_ready()
        with httpx.Client(base_url=stack.url, timeout=60) as client:
            lost = accept(client)
            connect(stack.settings.redis, BROKER_DATABASE).delete(*Queues.LANES, "unacked")
            done = client.get(f"/v1/comparisons/{lost}", params={"wait": 30}).json()
        assert done["status"] == "succeeded", "the reaper has found it, if no worker had it by then"
        Chords(celery_app("test", stack.settings), counting(stack.settings)).send("run_1", SHARDS)
        said = "".join(stack.log(name) for name in PROCESSES)
        assert "NOPERM" not in said
        assert "no permissions" not in said
        assert "reaping_postponed" not in said
    assert admin.execute_command("ACL", "LOG") == []


def test_a_wrong_server_is_refused_by_the_api_and_by_workers_in_one_sentence(
    tmp_path: Path, redis_server: Servers, object_store: Store
) -> None:
    connect(redis_server.settings.redis).config_set("maxmemory-policy", "allkeys-lru")
    url = redis_server.settings.redis.database(0).removesuffix("/0")
    environment = {**ENVIRONMENT, "LIKENESS_REDIS_URL": url}
    with running(tmp_path / "stack", tmp_path / "no-packs", object_store, **environment) as stack:
        stack.start("api", "courier")
        for name in ("api", "courier"):
            assert stack.processes[name].wait(60) != 0
            said = stack.log(name)
            assert "LIKENESS_REDIS_URL: the server cannot be used: its maxmemory-policy is allkeys-lru" in said
            assert "Traceback" not in said
