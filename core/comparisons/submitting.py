"""The use case of a submission: store the images, then record the job and enqueue it; in one step where it can be."""

from collections.abc import Callable
from contextlib import suppress

from core import traces
from core.comparisons.erasure import erase_now
from core.comparisons.jobs import Job
from core.comparisons.store import JobStore
from core.comparisons.submission import Accepted
from core.errors import LikenessError, RedisUnavailable, StoreSilent
from core.messaging.place import Place
from core.storage.idempotency import Claim
from core.storage.messages import Message
from core.storage.objects import Objects

#: When to erase what a silent store may have taken: by then it answers, or does both in the order it was asked.
SILENT_STORE_S = 5.0


class Submitting:
    """Keeps what was accepted. `compose` writes the message that has a job run by whoever takes from a place.

    `compose_fetch` writes that of one, by its id, whose images are to be fetched first. `publish` sends a message to a
    broker that is not the server of the records, or raises BrokerUnavailable; None where the records' step enqueues it.
    """

    def __init__(
        self,
        jobs: JobStore,
        objects: Objects,
        *,
        compose: Callable[[Job, Place], Message],
        compose_fetch: Callable[[str], Message] | None = None,
        publish: Callable[[Message], None] | None = None,
    ) -> None:
        self._jobs = jobs
        self._objects = objects
        self._compose = compose
        self._compose_fetch = compose_fetch
        self._publish = publish

    def submit(self, accepted: Accepted, *, place: Place, claim: Claim | None = None) -> Job:
        """Keep it: from the moment this returns, the job ends in exactly one terminal state.

        Raise StoreUnavailable or RedisUnavailable when it cannot be kept now, IdempotencyInFlight when the claim has
        passed to another, and UploadUsed when an upload has: then nothing stays.
        """
        job = accepted.job
        message = self._message(job, place)
        try:
            if accepted.images is not None:
                with traces.span("store"):
                    self._objects.put_sealed(job.request.images_key, accepted.images)
        except StoreSilent:  # it may store them once it goes on
            with suppress(LikenessError):  # then they are swept, as images that no job names
                self._jobs.erase_images(job.request.images_key, after_s=SILENT_STORE_S)
            raise
        is_recorded = True
        try:
            with traces.span("record"):
                self._jobs.create(job, claim=claim, message=None if self._publish else message)
            if self._publish:
                with traces.span("publish"):
                    self._publish(message)
        except BaseException as error:
            if isinstance(error, LikenessError):
                is_recorded = isinstance(error, RedisUnavailable) and not error.is_refusal
            self._undo(job, claim, is_recorded=is_recorded)
            raise
        return job

    def _message(self, job: Job, place: Place) -> Message:
        if job.request.urls and self._compose_fetch:
            return self._compose_fetch(job.id)
        return self._compose(job, place)

    def _undo(self, job: Job, claim: Claim | None, *, is_recorded: bool) -> None:
        """Nothing was accepted, so nothing stays, as far as the stores that are left allow."""
        with suppress(LikenessError):
            if is_recorded and not self._jobs.withdraw(job.id, claim):
                return  # who asked again with the same key was told of it
            # Only now: a record that is still there, or may be, is run once the store is back, and needs its images.
            erase_now(self._jobs, self._objects, job.request.images_key)
