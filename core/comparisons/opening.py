"""The images of a job as they were submitted, for as long as they are kept."""

from dataclasses import replace

from core.comparisons.jobs import Job
from core.comparisons.store import JobStore
from core.errors import ImagesDamaged, ImagesErased, ObjectNotFound
from core.storage.objects import Objects


def open_images(jobs: JobStore, objects: Objects, job_id: str) -> tuple[Job, tuple[bytes, bytes]]:
    """The job, and its reference and probe. Raise RecordNotFound, ImagesErased or ImagesDamaged."""
    job = jobs.get(job_id)
    if job.status.is_terminal:
        job = replace(job, seal_key=jobs.kept_seal_key(job))
    try:
        return job, job.open_images(objects.get(job.request.images_key))
    except ObjectNotFound:
        raise ImagesErased from None
    except ImagesDamaged:
        if job.status.is_terminal and not job.seal_key:  # still sealed, and nothing is left that opens it
            raise ImagesErased from None
        raise
