"""What is promised after a 202, tried with real processes and kill -9."""

import signal
import time
from functools import partial
from pathlib import Path

import httpx
import pytest

from core.comparisons.images import inspect
from core.comparisons.jobs import ComparisonRequest, Job, new_images_key
from core.comparisons.store import JobStore
from core.errors import JobHeld
from core.messaging.broker import Tasks, celery_app, enqueue
from core.messaging.presence import Presence
from core.storage.lifecycle import Status, new_id
from core.storage.objects import ObjectStore
from core.vocabulary import Policy, Threshold
from likeness.client import ComparisonJob
from tests.support.faults import frozen
from tests.support.stack import Stack, eventually

#: Where neither the decision nor the pack matters no model is loaded; a comparison is long enough to be met at work.
SLEEPING = {"LIKENESS_ENGINE": "sleeping", "LIKENESS_SLEEP_MS": "500"}


@pytest.fixture
def photographs(samples: dict[str, Path]) -> tuple[bytes, bytes]:
    return samples["obama.jpg"].read_bytes(), samples["obama2.jpg"].read_bytes()


def submit_many(stack: Stack, photographs: tuple[bytes, bytes], count: int) -> list[str]:
    with stack.client() as client:
        return [client.submit(*photographs).id for _ in range(count)]


def all_succeed(stack: Stack, ids: list[str]) -> list[ComparisonJob]:
    def ended() -> list[ComparisonJob]:
        with stack.client() as client:
            jobs = [client.get(job_id) for job_id in ids]
        statuses = [job.status for job in jobs]
        assert statuses == ["succeeded"] * len(ids), f"{statuses}\n{stack.log('worker')[-3000:]}"
        return jobs

    return eventually(ended)


def one_is_running(stack: Stack) -> None:
    jobs = JobStore.of(stack.settings)

    def running() -> None:
        assert jobs.page(limit=1, status=Status.RUNNING).jobs

    eventually(running)


def killed_at_work(stack: Stack) -> None:
    """The worker is stopped before one looks: what runs then runs still when it is killed."""
    jobs = JobStore.of(stack.settings)

    def killed() -> None:
        with frozen(stack.processes["worker"].pid):
            assert jobs.page(limit=1, status=Status.RUNNING).jobs
            stack.kill("worker")

    eventually(killed)


def no_images_are_left(stack: Stack) -> None:
    """Meanwhile, what beat does every 15 s; the test of crashes waits for it."""
    objects, app = ObjectStore(stack.settings.objects), celery_app("test", stack.settings)

    def none() -> None:
        enqueue(app, Tasks.ERASE_DUE)
        assert list(objects.keys("comparisons/")) == []

    eventually(none)


def test_a_worker_killed_at_work_loses_nothing(own_stack: Stack, photographs: tuple[bytes, bytes]) -> None:
    own_stack.start("api", "worker", "courier", "beat")
    own_stack.wait_until_ready()
    ids = submit_many(own_stack, photographs, 12)
    killed_at_work(own_stack)
    own_stack.start("worker")
    jobs = all_succeed(own_stack, ids)
    assert {job.decision for job in jobs} == {"match"}
    assert max(job.document["attempts"] for job in jobs) == 2, "the job that was under way was started again"
    no_images_are_left(own_stack)


def test_a_broker_killed_under_a_busy_worker_is_survived(own_stack: Stack, photographs: tuple[bytes, bytes]) -> None:
    own_stack.start("api", "worker", **SLEEPING)
    own_stack.wait_until_ready()
    ids = submit_many(own_stack, photographs, 12)
    one_is_running(own_stack)
    own_stack.kill("redis")
    own_stack.start("redis")
    own_stack.wait_for_servers()
    all_succeed(own_stack, ids)
    assert own_stack.processes["worker"].poll() is None, "the worker lived through it"
    no_images_are_left(own_stack)


def test_a_worker_that_is_stopped_finishes_what_it_began_hands_back_the_rest_and_goes(
    own_stack: Stack, photographs: tuple[bytes, bytes]
) -> None:
    alive = own_stack.home / "alive"
    grace_s = 60.0
    own_stack.start("api")
    own_stack.start("worker", **SLEEPING, LIKENESS_SHUTDOWN_GRACE_S=str(grace_s), LIKENESS_ALIVE_FILE=str(alive))
    own_stack.wait_until_ready()
    assert time.time() - alive.stat().st_mtime < 60, "what a health check looks at"
    ids = submit_many(own_stack, photographs, 12)
    one_is_running(own_stack)
    began = time.monotonic()
    own_stack.kill("worker", signal.SIGTERM)
    assert time.monotonic() - began < grace_s / 2, "it does not sleep the grace through"
    assert not Presence(own_stack.settings.redis).workers(), "it has taken its name off the list"
    own_stack.start("worker", **SLEEPING)
    jobs = all_succeed(own_stack, ids)
    assert max(job.document["attempts"] for job in jobs) == 1, "what was under way was finished, not broken off"


def test_an_object_store_that_is_away_delays_jobs_and_refuses_new_ones(
    whole_stack: Stack, photographs: tuple[bytes, bytes]
) -> None:
    whole_stack.start("api")
    eventually(lambda: httpx.get(f"{whole_stack.url}/health").raise_for_status())
    ids = submit_many(whole_stack, photographs, 3)
    whole_stack.kill("s3")
    whole_stack.start("worker", **SLEEPING)
    refused = httpx.post(
        f"{whole_stack.url}/v1/comparisons",
        files={"reference": ("r", photographs[0]), "probe": ("p", photographs[1])},
        timeout=60,
    )
    assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
    assert refused.headers["Retry-After"]
    jobs = JobStore.of(whole_stack.settings)

    def tried() -> None:
        assert "Retry in" in whole_stack.log("worker") or jobs.get(ids[0]).attempts
        assert jobs.get(ids[0]).status in (Status.QUEUED, Status.RUNNING)

    eventually(tried)
    whole_stack.start("s3")
    whole_stack.wait_for_servers()
    all_succeed(whole_stack, ids)
    no_images_are_left(whole_stack)


def test_a_broker_that_is_away_answers_503_and_keeps_nothing(
    own_stack: Stack, photographs: tuple[bytes, bytes]
) -> None:
    own_stack.start("api")
    eventually(lambda: httpx.get(f"{own_stack.url}/health").raise_for_status())
    own_stack.kill("redis")
    refused = httpx.post(
        f"{own_stack.url}/v1/comparisons",
        files={"reference": ("r", photographs[0]), "probe": ("p", photographs[1])},
        timeout=60,
    )
    assert (refused.status_code, refused.json()["code"]) == (503, "broker_unavailable")
    assert refused.headers["Retry-After"]
    assert httpx.get(f"{own_stack.url}/ready", timeout=30).status_code == 503
    assert list(ObjectStore(own_stack.settings.objects).keys("comparisons/")) == []


def test_a_cancelled_job_is_never_run_and_its_images_go(own_stack: Stack, photographs: tuple[bytes, bytes]) -> None:
    own_stack.start("api", "courier", "beat")
    eventually(lambda: httpx.get(f"{own_stack.url}/health").raise_for_status())
    (job_id,) = submit_many(own_stack, photographs, 1)
    with own_stack.client() as client:
        assert client.cancel(job_id).status == "cancelled"
        assert client.cancel(job_id).status == "cancelled", "cancelling twice is the same as once"
    own_stack.start("worker", **SLEEPING)
    own_stack.wait_until_ready()
    (other,) = submit_many(own_stack, photographs, 1)
    all_succeed(own_stack, [other])
    assert JobStore.of(own_stack.settings).get(job_id).status is Status.CANCELLED
    no_images_are_left(own_stack)


def starts(jobs: JobStore, job_id: str, holder: str) -> None:
    try:
        jobs.start(job_id, holder)
    except JobHeld as error:
        raise AssertionError from error


def test_a_job_whose_workers_keep_dying_fails_and_does_not_loop(
    own_stack: Stack, photographs: tuple[bytes, bytes]
) -> None:
    jobs, objects = (
        JobStore.of(own_stack.settings),
        ObjectStore(own_stack.settings.objects),
    )
    reference, probe = (inspect(body, max_bytes=10_000_000, max_pixels=40_000_000) for body in photographs)
    key = new_images_key()
    request = ComparisonRequest(
        "opencv-zoo", Policy.LARGEST, Threshold(0.3, "a test"), key, reference, probe, metadata={}
    )
    job = Job(new_id("cmp"), Status.QUEUED, 1, 0.0, request)
    objects.put(key, b"".join(photographs))
    jobs.create(job)
    of = own_stack.settings
    brief = JobStore(of.redis, of.jobs.model_copy(update={"lease_s": 0.001}), of.images)
    for number in range(own_stack.settings.jobs.max_attempts):
        eventually(partial(starts, brief, job.id, f"the worker that died {number}"))
    enqueue(celery_app("test", own_stack.settings), Tasks.COMPARE, job.id)
    own_stack.start("worker", **SLEEPING)

    def failed() -> None:
        now = jobs.get(job.id)
        assert now.status is Status.FAILED
        assert now.failure is not None
        assert now.failure.code == "worker_lost"

    eventually(failed)
    no_images_are_left(own_stack)
