"""What the courier's tasks work with."""

from collections.abc import Sequence
from dataclasses import replace

from prometheus_client import CollectorRegistry

from core.batches.batch import PHOTOGRAPHS
from core.batches.store import BatchStore
from core.comparisons.jobs import Job
from core.comparisons.lanes import place_of
from core.comparisons.orphans import Orphans
from core.comparisons.store import JobStore
from core.every import Every
from core.messaging.broker import Enqueue, Queues, Tasks
from core.messaging.process import Services
from core.settings import Settings
from core.storage.objects import ObjectStore
from core.uploads.leftovers import Leftovers
from core.uploads.store import UploadStore
from core.webhooks.announcing import announce
from courier.dispatch import Dispatch
from courier.expiring import expiring_of
from courier.fetching import Fetching
from courier.image_source import make_image_source
from courier.instruments import Instruments
from courier.lost_jobs import SHARDS, LostJobs
from courier.reference_scores import ReferenceScores
from courier.state import State

#: A pack is calibrated anew now and then, by hand.
CALIBRATIONS_S = 60.0


class CourierServices(Services):
    """Made when the worker starts. Raises SettingsInvalid for what cannot be used."""

    def __init__(self, settings: Settings, registry: CollectorRegistry, queues: Sequence[str]) -> None:
        self.instruments = Instruments(registry)
        self.jobs = JobStore.of(settings)
        self.objects = ObjectStore(settings.objects)
        self.batches = BatchStore.of(settings)
        self.lost = (LostJobs.of(settings), LostJobs.of(settings, SHARDS))
        self.orphans = (
            Orphans(settings.redis, settings.images, self.objects),
            Orphans(settings.redis, settings.images, self.objects, kind="batch", prefix=PHOTOGRAPHS),
            Leftovers(UploadStore.of(settings), self.objects, settings.uploads),
        )
        self.expiring = expiring_of(settings, self.objects)
        self.dispatch = Dispatch(settings, self.instruments)
        self.source = make_image_source(settings.webhooks, settings.images.max_image_bytes)
        self.settings = settings
        self._looks_at_scores: Every | None = None
        if Queues.MAINTENANCE in queues and settings.metrics.port:  # the fetcher, too, is a courier
            reference = ReferenceScores(settings, self.objects)
            registry.register(State(settings, reference))
            self._looks_at_scores = Every(CALIBRATIONS_S, reference.refresh, name="reference-scores", at_start=True)

    def start(self) -> None:
        """Look now and then at what live scores are compared with."""
        if self._looks_at_scores:
            self._looks_at_scores.start()

    def stop(self) -> None:
        """No more."""
        if self._looks_at_scores:
            self._looks_at_scores.stop()

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
