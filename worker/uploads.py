"""What a client has put into the object store becomes a job's own images: read, held to its word, sealed, erased."""

from collections.abc import Callable
from dataclasses import replace

from core.comparisons.images import ImageFacts
from core.comparisons.jobs import ComparisonRequest, Job, new_images_key
from core.comparisons.store import JobStore
from core.errors import (
    ImageRejected,
    RecordNotFound,
    TransitionRefused,
    UploadDiffers,
)
from core.outages import outlast
from core.storage.objects import Objects
from core.uploads.reading import STORE_WAIT_S, Reading
from core.uploads.upload import object_key
from core.vocabulary import Side


class Uploads:
    """Seals what a job that has just begun was uploaded. Killed between any two steps, the next attempt does it again.

    `erase` is told the keys of what is not needed any more.
    """

    def __init__(self, jobs: JobStore, objects: Objects, reading: Reading, *, erase: Callable[[str], None]) -> None:
        self._jobs = jobs
        self._objects = objects
        self._reading = reading
        self._erase = erase

    def sealed(self, job: Job, holder: str) -> tuple[Job, tuple[bytes, bytes]]:
        """The job with images of its own, and those. Nothing lies in clear from here on.

        Raise UploadDiffers, ImageRejected or ObjectNotFound, which name the side, ImagesDamaged, TransitionRefused or
        RecordNotFound for a job that is over meanwhile, StoreUnavailable.
        """
        request = job.request
        bodies = [b"", b""]
        if request.is_stored:
            bodies = [*job.open_images(self._objects.get(request.images_key))]
        images = dict(zip(Side, bodies, strict=True))
        facts = {Side.REFERENCE: request.reference, Side.PROBE: request.probe}
        for side, upload_id in request.uploads.items():
            images[side], facts[side] = self._read(side, upload_id)
        own = replace(
            request,
            images_key=new_images_key(),  # a new one: killed in between, the job still has what its record speaks of
            reference=facts[Side.REFERENCE],
            probe=facts[Side.PROBE],
            uploads={},
        )
        parts = images[Side.REFERENCE], images[Side.PROBE]
        assert job.seal_key, "whatever has uploads has a key"
        self._objects.put_sealed(own.images_key, job.seal_key.seal(*parts, name=job.id))
        try:
            after = outlast(lambda: self._jobs.sealed(job.id, holder, own), outage_s=STORE_WAIT_S)
        except (TransitionRefused, RecordNotFound):
            self._erase(own.images_key)
            raise
        if request.is_stored:
            self._erase(request.images_key)
        self.erase(request)
        return after, parts

    def erase(self, request: ComparisonRequest) -> None:
        """What it was uploaded is not needed any more."""
        for upload_id in request.uploads.values():
            self._erase(object_key(upload_id))

    def _read(self, side: Side, upload_id: str) -> tuple[bytes, ImageFacts]:
        try:
            return self._reading.read(upload_id)
        except (ImageRejected, UploadDiffers) as error:
            raise type(error)(f"{side}: {error}") from error
