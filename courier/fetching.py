"""The use case: the images that a job waits for are fetched and stored, and it is put in line. Celery is unknown here.

A job is held while this goes on, like one that is compared; killed between any two steps, it is one more lost job.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Protocol

import structlog

from core.comparisons.erasure import erase_now
from core.comparisons.images import ImageFacts, inspect
from core.comparisons.jobs import ComparisonRequest, Job, new_images_key
from core.comparisons.store import JobStore
from core.errors import (
    ImageRejected,
    ImagesDamaged,
    LikenessError,
    ObjectNotFound,
    RecordNotFound,
    RecordUnreadable,
    RedisUnavailable,
    StoreUnavailable,
    TransitionRefused,
)
from core.every import Every
from core.outages import outlast
from core.settings.groups import ImageSettings, JobSettings
from core.storage.lifecycle import Failure
from core.storage.objects import Objects
from core.vocabulary import Side
from courier.image_source import ImageNotFetched

log = structlog.get_logger()

#: A restarted Redis is back within seconds.
STORE_WAIT_S = 60.0
#: How often a job's images are asked for; the reaper's patience lies between two tries.
MOST_TRIES = 4


class Source(Protocol):
    """Where images lie."""

    def get(self, url: str) -> bytes:
        """Raise ImageNotFetched or ImageTooLarge."""
        ...


class Fetching:
    """Fetches by job id. `enqueue` puts a job in line for a worker, `announce` is told of one that has ended."""

    def __init__(
        self,
        jobs: JobStore,
        objects: Objects,
        source: Source,
        *,
        images: ImageSettings,
        settings: JobSettings,
        enqueue: Callable[[Job], None],
        announce: Callable[[Job], None],
    ) -> None:
        self._jobs = jobs
        self._objects = objects
        self._source = source
        self._images = images
        self._settings = settings
        self._enqueue = enqueue
        self._announce = announce

    def run(self, job_id: str) -> None:
        """Fetch what the job waits for. What may pass is left to the reaper: the job is queued again, as it was."""
        holder = f"courier {os.getpid()} {secrets.token_hex(4)}"
        with structlog.contextvars.bound_contextvars(job_id=job_id):
            try:
                if not self._jobs.get(job_id).request.urls:
                    return  # a message too many: it is in line already
                job = outlast(lambda: self._jobs.start(job_id, holder), outage_s=STORE_WAIT_S)
            except (TransitionRefused, RecordNotFound) as error:
                log.info("fetching_skipped", why=str(error))
                return
            except RecordUnreadable as error:  # it would be found and looked at for ever
                log.error("comparison_abandoned", why=str(error))
                with suppress(TransitionRefused, RecordNotFound):
                    self._jobs.abandon(job_id, Failure(error.code, str(error)))
                return
            with self._held(job_id, holder):
                try:
                    self._run(job, holder)
                except (TransitionRefused, RecordNotFound) as error:  # cancelled or erased meanwhile
                    log.info("fetching_superseded", why=str(error))

    def _run(self, job: Job, holder: str) -> None:
        if job.attempts > self._settings.max_attempts:
            self._fail(job, "worker_lost", f"couriers died {job.attempts - 1} times while they fetched its images")
            return
        try:
            fetched, body = self._fetched(job)
            self._objects.put_sealed(fetched.images_key, body)
        except ObjectNotFound:
            self._fail(job, "images_lost", "the image that was sent is no longer in the object store")
        except ImagesDamaged as error:
            self._fail(job, error.code, str(error))
        except (ImageNotFetched, ImageRejected) as error:
            if error.retryable and job.fetches + 1 < MOST_TRIES:
                self._again(job, holder, error)
            else:
                self._fail(job, error.code, str(error))
        except StoreUnavailable as error:  # as long as it takes, at the reaper's pace
            outlast(lambda: self._jobs.requeue(job.id, holder), outage_s=STORE_WAIT_S)
            log.warning("fetching_postponed", why=str(error))
        else:
            self._put_in_line(job, holder, fetched)

    def _fetched(self, job: Job) -> tuple[ComparisonRequest, bytes]:
        """The request without URLs, and both images as they are stored under its new key."""
        if not self._images.urls:
            raise ImageNotFetched("LIKENESS_IMAGE_URLS is off now: no image is fetched", passes=False)
        request = job.request
        reference, probe = job.open_images(self._objects.get(request.images_key))
        sent = {Side.REFERENCE: reference, Side.PROBE: probe}
        facts = {Side.REFERENCE: request.reference, Side.PROBE: request.probe}
        for side, url in request.urls.items():
            sent[side], facts[side] = self._image(side, url)
        key = new_images_key()  # a new one: killed in between, the job still has the images that its record speaks of
        return (
            replace(request, images_key=key, reference=facts[Side.REFERENCE], probe=facts[Side.PROBE], urls={}),
            job.seal_key.seal(sent[Side.REFERENCE], sent[Side.PROBE], name=job.id)
            if job.seal_key
            else sent[Side.REFERENCE] + sent[Side.PROBE],
        )

    def _image(self, side: Side, url: str) -> tuple[bytes, ImageFacts]:
        limits = self._images
        try:
            body = self._source.get(url)
            return body, inspect(body, max_bytes=limits.max_image_bytes, max_pixels=limits.max_image_pixels)
        except ImageNotFetched as error:
            raise ImageNotFetched(f"{side}: {error}", passes=error.retryable) from error
        except ImageRejected as error:
            raise type(error)(f"{side}: {error}") from error

    def _put_in_line(self, job: Job, holder: str, fetched: ComparisonRequest) -> None:
        try:
            outlast(lambda: self._jobs.fetched(job.id, holder, fetched), outage_s=STORE_WAIT_S)
        except LikenessError:
            with suppress(LikenessError):
                # The answer to the step may have been lost on its way: then the record names the new images.
                if self._named_by(job.id) != fetched.images_key:
                    erase_now(self._jobs, self._objects, fetched.images_key)
            raise
        log.info("images_fetched", sides=[*job.request.urls])
        with suppress(RedisUnavailable):  # then the reaper does
            self._enqueue(replace(job, request=fetched))
        erase_now(self._jobs, self._objects, job.request.images_key)

    def _named_by(self, job_id: str) -> str | None:
        with suppress(RecordNotFound):
            return self._jobs.get(job_id).request.images_key
        return None

    def _again(self, job: Job, holder: str, error: LikenessError) -> None:
        outlast(lambda: self._jobs.requeue(job.id, holder, fetches=job.fetches + 1), outage_s=STORE_WAIT_S)
        log.info("fetching_failed", tries=job.fetches + 1, why=str(error))

    def _fail(self, job: Job, code: str, message: str) -> None:
        ended = outlast(lambda: self._jobs.fail(job, Failure(code, message)), outage_s=STORE_WAIT_S)
        self._announce(ended)
        erase_now(self._jobs, self._objects, job.request.images_key)
        log.info("comparison_ended", status=ended.status, attempts=ended.attempts, failure=code)

    @contextmanager
    def _held(self, job_id: str, holder: str) -> Iterator[None]:
        def renew() -> None:
            self._jobs.renew(job_id, holder)

        every = Every(self._settings.lease_s / 3, renew, name="lease")
        every.start()
        try:
            yield
        finally:
            every.stop()
