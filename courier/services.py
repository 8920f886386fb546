"""What the courier's tasks work with."""

from core.batches.batch import PHOTOGRAPHS
from core.batches.store import BatchStore
from core.comparisons.jobs import Job
from core.comparisons.orphans import Orphans
from core.comparisons.store import JobStore
from core.messaging.broker import Enqueue, Queues, Tasks
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
            enqueue=lambda job: enqueue(Tasks.COMPARE, job.id, queue=self._queue_of(job)),
            announce=lambda job: announce(enqueue, job.event_id),
        )

    def _queue_of(self, job: Job) -> str:
        """As at the door: beyond its fair share, a key's jobs wait in the queue of the busy."""
        of_owner = self.jobs.waiting(job.owner).of_owner
        busy = of_owner is not None and of_owner > self.settings.limits.fair_share
        return Queues.COMPARISONS_BUSY if busy else Queues.COMPARISONS
