"""Jobs that nobody would run are brought back; jobs that somebody runs are left alone."""

import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.comparisons.images import inspect
from core.comparisons.jobs import ComparisonRequest, Job, new_images_key
from core.comparisons.store import JobStore
from core.messaging.broker import BROKER_DATABASE, Queues, Tasks, celery_app, enqueue
from core.settings import Settings
from core.storage.connection import connect
from core.storage.lifecycle import Failure, Status, new_id
from core.storage.objects import ObjectStore
from core.vocabulary import Policy, Threshold
from courier.lost_jobs import LostJobs
from courier.reaper import reap
from tests.support.stack import Stack, eventually

SLEEPING = {"LIKENESS_ENGINE": "sleeping"}


@pytest.fixture
def settings(own_stack: Stack) -> Settings:
    return own_stack.settings.but(lease_s=1.0)


@pytest.fixture
def jobs(settings: Settings) -> JobStore:
    return JobStore.of(settings)


@pytest.fixture
def broker(settings: Settings) -> Any:
    return connect(settings.redis, BROKER_DATABASE)


def looking(settings: Settings, patience_s: float) -> LostJobs:
    """With less patience than a setting may have."""
    courier = settings.courier.model_copy(update={"reaper_patience_s": patience_s})
    return LostJobs(settings.redis, settings.jobs, courier)


def recorded(jobs: JobStore, settings: Settings, photographs: list[bytes]) -> Job:
    """What an API process that is killed before it enqueues leaves behind."""
    reference, probe = (inspect(body, max_bytes=10_000_000, max_pixels=40_000_000) for body in photographs)
    threshold = Threshold(0.3, "a test")
    request = ComparisonRequest(
        "opencv-zoo", Policy.LARGEST, threshold, new_images_key(), reference, probe, metadata={}
    )
    job = Job(new_id("cmp"), Status.QUEUED, 1, time.time(), request)
    ObjectStore(settings.objects).put(request.images_key, b"".join(photographs))
    jobs.create(job)
    return job


@pytest.fixture
def photographs(samples: dict[str, Path]) -> list[bytes]:
    return [samples[name].read_bytes() for name in ("obama.jpg", "obama2.jpg")]


def has_ended(jobs: JobStore, job_id: str) -> None:
    assert jobs.get(job_id).status is Status.SUCCEEDED


def test_a_job_that_was_recorded_but_never_enqueued_runs_all_the_same(
    own_stack: Stack, jobs: JobStore, settings: Settings, photographs: list[bytes]
) -> None:
    own_stack.start("worker", "courier", "beat", **SLEEPING)
    job = recorded(jobs, settings, photographs)
    eventually(lambda: has_ended(jobs, job.id))
    assert connect(settings.redis).hget(f"job:{job.id}", "reenqueues") == "1", "the record says so"


def test_a_job_is_enqueued_again_only_while_no_message_holds_it_and_once_a_patience(
    jobs: JobStore, settings: Settings, broker: Any, photographs: list[bytes]
) -> None:
    send, lost = partial(enqueue, celery_app("test", settings)), looking(settings, 0.5)
    job = recorded(jobs, settings, photographs)

    def found() -> None:
        assert [lost_job.job_id for lost_job in lost.find()] == [job.id]

    eventually(found)
    assert reap(lost, send) == 1
    assert reap(lost, send) == 0, "at once: it was enqueued just now"
    patient = looking(settings, 0.01)
    assert reap(patient, send) == 0, "later: a message holds it"
    for lane in Queues.LANES:
        broker.delete(lane)
    assert reap(patient, send) == 1, "the message was lost"
    assert broker.llen(Queues.COMPARISONS) == 1


def test_a_message_in_the_hands_of_a_worker_counts_as_well(
    jobs: JobStore, settings: Settings, broker: Any, photographs: list[bytes]
) -> None:
    job = recorded(jobs, settings, photographs)
    enqueue(celery_app("test", settings), Tasks.COMPARE, job.id)
    broker.hset("unacked", "a-delivery-tag", broker.rpop(Queues.COMPARISONS))
    patient = looking(settings, 0.01)
    assert patient.find() == []


def test_a_second_message_for_a_running_job_neither_starts_it_nor_counts(
    own_stack: Stack, jobs: JobStore, photographs: list[bytes]
) -> None:
    job = recorded(jobs, own_stack.settings, photographs)
    running = jobs.start(job.id, "another worker")
    enqueue(celery_app("test", own_stack.settings), Tasks.COMPARE, job.id)
    own_stack.start("worker", **SLEEPING)

    def refused() -> None:
        assert jobs.renew(job.id, "another worker")
        assert f"job {job.id} is held by another worker" in own_stack.log("worker")

    eventually(refused)
    assert jobs.get(job.id) == running
    jobs.fail(running, Failure("engine_error", "as the worker that has it says"))
    assert (jobs.get(job.id).status, jobs.get(job.id).attempts) == (Status.FAILED, 1)


def test_the_job_of_a_killed_worker_runs_again_long_before_the_visibility_timeout(
    own_stack: Stack, jobs: JobStore, photographs: list[bytes]
) -> None:
    slow = {"LIKENESS_VISIBILITY_TIMEOUT_S": "600", "LIKENESS_SLEEP_MS": "3000", "LIKENESS_WORKER_THREADS": "1"}
    own_stack.start("worker", **SLEEPING, **slow)
    job = recorded(jobs, own_stack.settings, photographs)
    enqueue(celery_app("test", own_stack.settings), Tasks.COMPARE, job.id)

    def running() -> None:
        assert jobs.get(job.id).status is Status.RUNNING

    eventually(running)
    own_stack.kill("worker")
    own_stack.start("worker", "courier", "beat", **SLEEPING, **slow)
    eventually(lambda: has_ended(jobs, job.id))
    assert jobs.get(job.id).attempts == 2


def answered(replies: Any) -> Any:
    """What workers have answered to a command, if they have by then."""
    assert replies
    return replies


def test_a_worker_that_is_up_but_deaf_is_not_ready_and_ends_itself_for_its_supervisor(own_stack: Stack) -> None:
    canary = {"LIKENESS_CANARY_INTERVAL_S": "1", "LIKENESS_CANARY_PATIENCE_S": "6"}
    own_stack.start("api", "worker", **SLEEPING, **canary)
    own_stack.wait_until_ready()
    # Deaf, as a lost consumer would make it: it takes from no queue any more, and everything else goes on.
    control = celery_app("test", own_stack.settings).control
    ((name,),) = eventually(lambda: answered(control.ping(timeout=1)))
    for queue in (*Queues.LANES, f"{name}.dq2"):
        eventually(
            lambda queue=queue: answered(  # type: ignore[misc]
                control.cancel_consumer(queue, destination=[name], reply=True, timeout=1)
            )
        )

    def deaf() -> None:
        answer = httpx.get(f"{own_stack.url}/ready", timeout=10)
        assert answer.status_code == 503
        assert "up but deaf" in answer.json()["checks"]["worker"]["detail"], answer.text

    eventually(deaf)
    assert own_stack.processes["worker"].wait(60) == 75
    assert "worker_is_deaf" in own_stack.log("worker")


def test_an_accepted_job_outlives_kill_9_of_redis_at_the_moment_it_was_accepted(
    own_stack: Stack, jobs: JobStore, photographs: list[bytes]
) -> None:
    own_stack.start("api")
    eventually(lambda: httpx.get(f"{own_stack.url}/health").raise_for_status())
    files = {"reference": ("r", photographs[0]), "probe": ("p", photographs[1])}
    accepted = []
    for _ in range(5):
        answer = httpx.post(f"{own_stack.url}/v1/comparisons", files=files, timeout=30)
        own_stack.kill("redis", signal.SIGKILL)
        own_stack.start("redis")
        own_stack.wait_for_servers()
        assert answer.status_code == 202
        accepted.append(answer.json()["id"])
    assert [jobs.get(job_id).status for job_id in accepted] == [Status.QUEUED] * 5
    own_stack.start("worker", "courier", "beat", **SLEEPING)
    for job_id in accepted:
        eventually(partial(has_ended, jobs, job_id))
