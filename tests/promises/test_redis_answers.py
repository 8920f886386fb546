"""Redis answers that it will not: demoted, full, without a disk, silent. Nobody ends, and nobody is lied to."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.storage.connection import connect
from core.storage.objects import ObjectStore
from tests.chaos.siege import ENVIRONMENT
from tests.support.faults import REFUSALS
from tests.support.servers import Store
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


def holds_no_images(stack: Stack) -> None:
    assert [*ObjectStore(stack.settings.objects).keys("comparisons/")] == []


def test_what_redis_refuses_is_answered_with_503_and_all_goes_on_when_it_is_over(whole: Stack) -> None:
    redis = connect(whole.settings.redis)
    client = httpx.Client(base_url=whole.url, timeout=60)
    for word, fault in REFUSALS.items():
        with fault(redis, whole.home):
            until = time.monotonic() + 1.5
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
