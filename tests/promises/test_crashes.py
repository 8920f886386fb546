"""An image whose decoding ends the process takes neither the service down nor its neighbours, nor goes in circles."""

import signal

from core.comparisons.store import JobStore
from core.storage.lifecycle import Status
from core.storage.objects import ObjectStore
from tests.hostile.corpus.honest import whole
from tests.support.stack import Stack, eventually

#: Long enough to be met at work; the engine does not matter where the process is ended from outside.
WORKER = {
    "LIKENESS_ENGINE": "sleeping",
    "LIKENESS_SLEEP_MS": "1500",
    "LIKENESS_WORKER_THREADS": "4",
    "LIKENESS_MAX_ATTEMPTS": "2",
}
#: By the name of its node.
PROCESSES = {"engine": "worker", "engine2": "worker2"}


def test_a_job_that_ends_its_worker_each_time_fails_and_those_beside_it_succeed(own_stack: Stack) -> None:
    own_stack.start("api", "courier", "beat")
    own_stack.start(*PROCESSES.values(), **WORKER)
    own_stack.wait_until_ready()
    image = whole()["JPEG"]
    with own_stack.client() as client:
        poison, *others = (client.submit(image, image).id for _ in range(8))
    jobs = JobStore.of(own_stack.settings)

    for attempt in (1, 2):

        def at_work(attempt: int = attempt) -> str:
            running = jobs.page(limit=10, status=Status.RUNNING).jobs
            job = jobs.get(poison)
            assert (job.status, job.attempts) == (Status.RUNNING, attempt), own_stack.log("worker")[-2000:]
            if attempt == 1:  # the first time it takes others with it
                assert len([other for other in running if node(other.holder) == node(job.holder)]) > 1
            return PROCESSES[node(job.holder)]

        process = eventually(at_work, within_s=60)
        assert own_stack.kill(process, signal.SIGSEGV) == -signal.SIGSEGV
        own_stack.start(process, **WORKER)  # as its supervisor does

    def failed() -> None:
        job = jobs.get(poison)
        assert job.status is Status.FAILED, job
        assert job.failure is not None
        assert job.failure.code == "worker_lost"

    def succeeded() -> None:
        ended = [jobs.get(job_id) for job_id in others]
        assert {job.status for job in ended} == {Status.SUCCEEDED}
        assert {job.attempts for job in ended} == {1, 2}, "some died with it, and each of them once"

    def no_images_are_left() -> None:
        assert list(ObjectStore(own_stack.settings.objects).keys("comparisons/")) == []

    def beat_has_begun() -> None:  # it may be the last to: nothing waits for it
        assert "is starting" in own_stack.log("beat")

    for check in (failed, succeeded, no_images_are_left, beat_has_begun):
        eventually(check, within_s=60)
    assert all(own_stack.processes[name].poll() is None for name in PROCESSES.values())
    assert "request_broke" not in own_stack.log("api")
    assert "Sending due task" not in own_stack.log("beat"), "every second, for as long as it lives"


def node(holder: str | None) -> str:
    return (holder or "").partition("@")[0]
