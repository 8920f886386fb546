"""The use case: one queued job to its end. Collaborators are arguments; Celery is unknown here."""

import os
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import structlog

from core import traces
from core.comparisons.jobs import Job
from core.comparisons.store import JobStore
from core.errors import (
    EngineUnavailable,
    ImageRejected,
    ImagesDamaged,
    JobBegunBefore,
    LivenessNotInstalled,
    ObjectNotFound,
    RecordNotFound,
    RecordUnreadable,
    StoreUnavailable,
    TransitionRefused,
    UploadDiffers,
)
from core.evaluations.standings import Standings
from core.outages import outlast
from core.standing import Standing
from core.storage.lifecycle import Failure
from core.storage.objects import Objects
from core.traces import Mark
from core.vocabulary import Compared, EngineFacts, NotAcquired, Result
from worker.engines import Engines
from worker.leases import Leases
from worker.quarantine import Quarantine
from worker.uploads import Uploads

log = structlog.get_logger()

#: A restarted Redis is back within seconds; a thread that waits for it does nothing else anyway.
STORE_WAIT_S = 120.0

#: Images fetched at a time while their jobs are started; more wait a moment longer.
MOST_AHEAD = 32

#: What to do where the API accepts a liveness that its worker cannot judge.
TELL_THE_WORKER = "Its worker must be told LIKENESS_LIVENESS_PACK, as the API is."

#: A job that was at work in company when its process died may be a bystander; one that dies again, alone, is not.
FEWEST_ATTEMPTS = 2


class Comparisons:
    """Runs jobs by id; running one twice, or after its end, changes nothing.

    A job that was begun before, by a worker that died, runs alone in its process: it may be what ended that worker.

    `erase` is told the key of the images of each job that has ended, `count` the job.
    """

    def __init__(
        self,
        jobs: JobStore,
        objects: Objects,
        engines: Engines,
        leases: Leases,
        quarantine: Quarantine,
        *,
        worker: str,
        max_attempts: int,
        erase: Callable[[str], None],
        standings: Standings,
        uploads: Uploads,
        announce: Callable[[Job], None] = lambda job: None,
        count: Callable[[Job], None] = lambda job: None,
    ) -> None:
        self._jobs = jobs
        self._objects = objects
        self._engines = engines
        self._leases = leases
        self._quarantine = quarantine
        self._worker = worker
        self._max_attempts = max(max_attempts, FEWEST_ATTEMPTS)
        self._uploads = uploads
        self._erase = erase
        self._standings = standings
        self._announce = announce
        # Redis's disk and the object store take a few milliseconds each, and neither waits for the other.
        self._ahead = ThreadPoolExecutor(MOST_AHEAD, thread_name_prefix="ahead")
        self._count = count

    def run(self, job_id: str, *, images_key: str | None = None) -> None:
        """Take the job to a terminal state. `images_key`: fetched while the job is started, if they are still its own.

        Raises StoreUnavailable or EngineUnavailable, the job back in `queued`, when its images cannot be read now, or
        an engine that computes elsewhere is away.
        """
        with structlog.contextvars.bound_contextvars(job_id=job_id):
            try:
                with self._quarantine.together():
                    self._try(job_id, images_key, only_first=True)
            except JobBegunBefore as error:
                log.info("comparison_runs_alone", why=str(error))
                with self._quarantine.alone():
                    self._try(job_id)

    def give_up(self, job_id: str, code: str, message: str) -> None:
        """End a job that was tried often enough."""
        self._fail(outlast(lambda: self._jobs.get(job_id), outage_s=STORE_WAIT_S), code, message)

    def _try(self, job_id: str, images_key: str | None = None, *, only_first: bool = False) -> None:
        holder = f"{self._worker} {os.getpid()} {secrets.token_hex(4)}"
        ahead = self._ahead.submit(self._objects.get, images_key) if images_key else None
        try:
            job = outlast(lambda: self._jobs.start(job_id, holder, only_first=only_first), outage_s=STORE_WAIT_S)
        except (TransitionRefused, RecordNotFound) as error:
            log.info("comparison_skipped", why=str(error))
            return
        except RecordUnreadable as error:  # started by now, and it would be found and started for ever
            self._abandon(job_id, error)
            return
        traced = traces.span("compare", kind="consumer", of=job.request.origin, **{"likeness.job_id": job_id})
        with self._leases.hold(job_id, holder), traced:
            traces.marked([_waited(job)])
            if job.is_late:
                self._expire(job)
                return
            self._run(job, holder, ahead if job.request.images_key == images_key else None)

    def _run(self, job: Job, holder: str, ahead: Future[bytes] | None) -> None:
        if job.attempts > self._max_attempts:
            self._fail(job, "worker_lost", f"workers died {job.attempts - 1} times while they ran this job")
            return
        try:
            if job.request.uploads:
                job, images = self._uploads.sealed(job, holder)
            else:
                images = job.open_images(ahead.result() if ahead else self._objects.get(job.request.images_key))
        except ObjectNotFound:
            self._fail(job, "images_lost", "the images are no longer in the object store")
        except (ImagesDamaged, ImageRejected, UploadDiffers) as error:
            self._fail(job, error.code, str(error))
        except (TransitionRefused, RecordNotFound) as error:  # cancelled or erased while its uploads were sealed
            log.info("comparison_superseded", why=str(error))
        except StoreUnavailable:
            if self._is_put_back(job, holder):
                raise
        else:
            self._compare(job, images, holder)

    def _is_put_back(self, job: Job, holder: str) -> bool:
        """Whether the job is queued again: what is not ours was away, and the attempt does not count."""
        try:
            outlast(lambda: self._jobs.requeue(job.id, holder), outage_s=STORE_WAIT_S)
        except (TransitionRefused, RecordNotFound) as error:  # cancelled, erased, or another worker's by now
            log.info("comparison_superseded", why=str(error))
            return False
        return True

    def _compare(self, job: Job, images: tuple[bytes, bytes], holder: str) -> None:
        fetched = time.time()
        request = job.request
        try:
            engine = self._engines.get(request.pack)
            comparison = engine.compare(*images, request.policy, request.quality, request.liveness)
        except LivenessNotInstalled as error:
            self._fail(job, error.code, f"{error} {TELL_THE_WORKER}")
            return
        except EngineUnavailable:
            if self._is_put_back(job, holder):
                raise
            return
        except Exception as error:  # the message is taken: whatever went wrong must end in a terminal state
            log.exception("comparison_broke")
            self._fail(job, "engine_error", f"the engine failed on these images: {type(error).__name__}")
            return
        outcome = comparison.outcome
        started = job.started_at or fetched
        traces.marked([Mark("fetch", int(started * 1e9), int(fetched * 1e9)), *comparison.marks])
        result = Result(
            outcome=outcome,
            decision=outcome.decide(request.threshold.value) if isinstance(outcome, Compared) else None,
            threshold=request.threshold,
            policy=request.policy,
            engine=engine.facts,
            faces=dict(comparison.faces),
            timings_ms={
                **_before(job, started),
                "fetch": round((fetched - started) * 1000, 1),
                **{step: round(ms, 1) for step, ms in comparison.timings_ms.items()},
            },
            seen=dict(comparison.seen),
            pad=dict(comparison.pad),
            standing=self._standing(job, outcome, engine.facts),
        )
        self._end(job, lambda: self._jobs.succeed(job, result))

    def _standing(self, job: Job, outcome: Compared | NotAcquired, engine: EngineFacts) -> Standing | None:
        if isinstance(outcome, NotAcquired):
            return None
        policy, since = job.request.policy, job.recorded_at or job.created_at
        return outlast(lambda: self._standings.of(outcome.score, engine, policy, since=since), outage_s=STORE_WAIT_S)

    def _fail(self, job: Job, code: str, message: str) -> None:
        self._end(job, lambda: self._jobs.fail(job, Failure(code, message)))

    def _expire(self, job: Job) -> None:
        """It was queued until now, which is after its time."""
        self._end(job, lambda: self._jobs.expire(job, begun=True))

    def _abandon(self, job_id: str, error: RecordUnreadable) -> None:
        log.error("comparison_abandoned", why=str(error))
        with suppress(TransitionRefused, RecordNotFound):
            outlast(lambda: self._jobs.abandon(job_id, Failure(error.code, str(error))), outage_s=STORE_WAIT_S)

    def _end(self, job: Job, step: Callable[[], Job]) -> None:
        try:
            with traces.span("record"):
                ended = outlast(step, outage_s=STORE_WAIT_S)
        except (TransitionRefused, RecordNotFound) as error:
            # Cancelled or erased while it ran, or a twin was faster: the first ending stands.
            log.info("comparison_superseded", why=str(error))
            return
        self._announce(ended)
        self._count(ended)
        self._erase(job.request.images_key)
        self._uploads.erase(job.request)
        result = ended.result
        log.info(
            "comparison_ended",
            status=ended.status,
            attempts=ended.attempts,
            decision=result.decision if result else None,
            timings_ms=result.timings_ms if result else None,
            failure=ended.failure.code if ended.failure else None,
        )


def _before(job: Job, started: float) -> dict[str, float]:
    """Until a thread took the job, in ms: its images stored, then waiting; of a job of 0.1.0 both as one."""
    recorded = job.recorded_at or job.created_at
    stored = {"store": round((recorded - job.created_at) * 1000, 1)} if job.recorded_at else {}
    return {**stored, "queue": round((started - recorded) * 1000, 1)}


def _waited(job: Job) -> Mark:
    """In line, until this attempt."""
    recorded = job.recorded_at or job.created_at
    return Mark("queue", int(recorded * 1e9), int((job.started_at or recorded) * 1e9))
