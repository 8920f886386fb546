"""Stored images that no job names: an API process was killed between storing them and recording the job."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.comparisons.jobs import IMAGES
from core.portions import portions
from core.settings.groups import ImageSettings, RedisSettings
from core.storage.connection import connect, translated
from core.storage.lifecycle import Status
from core.storage.objects import Objects
from core.storage.records import ERASURES, Records


@dataclass(frozen=True, slots=True)
class Orphan:
    """An object nobody will ask for."""

    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Named:
    """What a job names: its object, and whether it has uploads, so that there may be none yet."""

    job_id: str
    key: str
    has_uploads: bool


class Orphans:
    """Finds and deletes them. Raises RecordsUnavailable or StoreUnavailable, having deleted what it could."""

    def __init__(
        self,
        server: RedisSettings,
        images: ImageSettings,
        objects: Objects,
        *,
        kind: str = "job",
        prefix: str = IMAGES,
    ) -> None:
        self._redis = connect(server)
        self._records = Records(self._redis, kind)
        self._prefix = prefix
        self._objects = objects
        self._age_s = images.orphan_age_s

    def find(self, age_s: float | None = None) -> Iterator[Orphan]:
        """Objects older than `age_s` (the settings' if not given) that no unfinished job names and nothing will erase.

        The objects are listed before the names: what is stored meanwhile is young, and what ends meanwhile is on the
        list of erasures, which is read last.
        """
        old = dict(self._objects.older_than(self._prefix, self._age_s if age_s is None else age_s))
        if not old:
            return
        named = {job.key for job in self._unfinished()}
        with translated():
            named.update(self._redis.zrange(ERASURES, 0, -1))
        yield from (Orphan(key, size) for key, size in old.items() if key not in named)

    def sweep(self, age_s: float | None = None) -> int:
        """Delete them; returns how many."""
        keys = [orphan.key for orphan in self.find(age_s)]
        for portion in portions(keys):
            self._objects.delete(portion)
        return len(keys)

    def jobs_without_images(self) -> list[str]:
        """Unfinished jobs whose images are gone; a worker ends them as `images_lost`. Uploads are not looked for."""
        # Jobs are looked at before and after: one that ended in between has rightly lost its images.
        named = {job.job_id: job.key for job in self._unfinished() if not job.has_uploads}
        there = set(self._objects.keys(self._prefix))
        unfinished = {job.job_id for job in self._unfinished()}
        return sorted(job_id for job_id, key in named.items() if key not in there and job_id in unfinished)

    def _unfinished(self) -> Iterator["Named"]:
        """Of every job that has not ended."""
        ids = self._records.ids(Status.QUEUED, Status.RUNNING)
        for portion in portions(ids):
            with translated():
                pipeline = self._redis.pipeline(transaction=False)
                for job_id in portion:
                    pipeline.hmget(self._records.key(job_id), "images_key", "uploads")
                answers = pipeline.execute()
            yield from (
                Named(job_id, key, bool(uploads))
                for job_id, (key, uploads) in zip(portion, answers, strict=True)
                if key
            )
