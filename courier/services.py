"""What the courier's tasks work with."""

from dataclasses import replace

from core.batches.batch import PHOTOGRAPHS
from core.batches.store import BatchStore
from core.comparisons.jobs import Job
from core.comparisons.lanes import place_of
from core.comparisons.orphans import Orphans
from core.comparisons.store import JobStore
from core.messaging.broker import Enqueue, Tasks
from core.messaging.process import Services
from core.settings import Settings
from core.storage.objects import ObjectStore
from core.webhooks.announcing import announce
from courier.dispatch import Dispatch
from courier.fetching import Fetching
from courier.image_source import make_image_source
from courier.lost_jobs import SHARDS, LostJobs


class CourierServices(Services):
    """Made when the worker starts. Raises SettingsInvalid for what cannot be used."""

    def __init__(self, settings: Settings) -> None:
        self.jobs = JobStore.of(settings)
        self.objects = ObjectStore(settings.objects)
        self.batches = BatchStore.of(settings)
        self.lost = (LostJobs.of(settings), LostJobs.of(settings, SHARDS))
        self.orphans = (
            Orphans(settings.redis, settings.images, self.objects),
            Orphans(settings.redis, settings.images, self.objects, kind="batch", prefix=PHOTOGRAPHS),
        )
        self.dispatch = Dispatch(settings)
        self.source = make_image_source(settings.webhooks, settings.images.max_image_bytes)
        self.settings = settings

    def fetching(self, enqueue: Enqueue) -> Fetching:
        """The use case, with what the task that asks for it publishes through."""
        return Fetching(
            self.jobs,
            self.objects,
            self.source,
            images=self.settings.images,
            settings=self.settings.jobs,
            enqueue=lambda job: self._put_in_line(enqueue, job),
            announce=lambda job: announce(enqueue, job.event_id),
        )

    def _put_in_line(self, enqueue: Enqueue, job: Job) -> None:
        """As at the door, where it was not open yet itself."""
        waiting = self.jobs.waiting(job.owner)
        before = replace(waiting, open_of_owner=waiting.open_of_owner and waiting.open_of_owner - 1)
        place = place_of(job, before, self.settings.limits.fair_share)
        enqueue(Tasks.COMPARE, job.id, queue=place.queue, priority=place.priority)
