"""Redis behind Sentinel: the primary is killed, and everybody finds the one that takes its place."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.chaos.siege import ENVIRONMENT
from tests.support.sentinel import Watched, watched
from tests.support.servers import Store
from tests.support.stack import Stack, eventually, running
from tests.support.submitting import accept

pytestmark = pytest.mark.promise

PROCESSES = ("api", "worker", "courier", "evaluator", "beat")


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Watched]:
    with watched(tmp_path / "watched") as servers:
        yield servers


@pytest.fixture
def stack(tmp_path: Path, servers: Watched, object_store: Store) -> Iterator[Stack]:
    """Every process, on the sleeping engine; each key is limited, which takes another library to Redis."""
    environment = {**ENVIRONMENT, "LIKENESS_REDIS_URL": servers.url, "LIKENESS_AUTH": "on"}
    with running(tmp_path / "stack", tmp_path / "no-packs", object_store, **environment) as stack:
        stack.start(*PROCESSES)
        stack.wait_until_ready()
        yield stack


def test_a_failover_loses_no_job_and_ends_no_process(stack: Stack, servers: Watched) -> None:
    made = stack.likeness("keys", "create", "a-test", "--scope", "submit", "--scope", "read", "--rate", "600", "--json")
    key = json.loads(made.stdout)["key"]
    with httpx.Client(base_url=stack.url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as keyed:
        before = [eventually(lambda: accept(keyed)) for _ in range(3)]
        servers.kill_the_primary()
        servers.wait_for_the_failover()
        after = [eventually(lambda: accept(keyed)) for _ in range(3)]
        for job_id in before + after:
            job = keyed.get(f"/v1/comparisons/{job_id}", params={"wait": 30}).json()
            assert job["status"] == "succeeded", job
        assert {name: stack.processes[name].poll() for name in PROCESSES} == dict.fromkeys(PROCESSES)
        stack.wait_until_ready()
