"""What a worker's tasks work with, and what goes on beside them."""

from functools import partial

from celery import Celery
from celery.worker import WorkController
from prometheus_client import CollectorRegistry

from core.batches.shards import ShardStore
from core.batches.store import BatchStore
from core.comparisons.store import JobStore
from core.evaluations.calibrations import CalibrationStore
from core.evaluations.standings import Standings
from core.evaluations.store import RunStore
from core.messaging.broker import Queues, enqueue
from core.messaging.heartbeat import Heartbeat
from core.messaging.presence import Presence
from core.messaging.process import Services, queues_of
from core.settings import Settings
from core.storage.objects import ObjectStore
from core.uploads.reading import Reading
from core.uploads.store import UploadStore
from core.webhooks.announcing import announce
from worker.batches import Batches
from worker.canary import Canary
from worker.comparing import Comparisons
from worker.embedding import Shards
from worker.engines import Engines
from worker.eraser import Eraser
from worker.instruments import Instruments
from worker.leases import LONGEST_S, Leases
from worker.quarantine import Quarantine
from worker.uploads import Uploads

#: A shard that is not over by then hangs: the dearest photographs take 3 s each.
LONGEST_SHARD_S = 1800.0


class WorkerServices(Services):
    """Made with its packs loaded and warm. Raises what stands in the way of that."""

    def __init__(self, settings: Settings, app: Celery, worker: WorkController, registry: CollectorRegistry) -> None:
        queues, name = queues_of(worker), worker.hostname
        jobs, objects = JobStore.of(settings), ObjectStore(settings.objects)
        engines, quarantine = Engines(settings), Quarantine(LONGEST_S)
        self._serves_comparisons = not {*Queues.LANES}.isdisjoint(queues)
        if self._serves_comparisons:
            engines.load(settings.packs.served)
        elif not {*Queues.BATCH_LANES}.isdisjoint(queues):  # it loads the packs that batches and runs name
            engines.load(())
        self._leases = Leases(jobs, settings.jobs.lease_s)
        self._eraser = Eraser(jobs, objects)
        reading = Reading(UploadStore.of(settings), objects, settings.images)
        instruments = Instruments(registry, engines=lambda: engines.facts, in_hand=lambda: self._leases.count)
        self.comparisons = Comparisons(
            jobs,
            objects,
            engines,
            self._leases,
            quarantine,
            worker=name,
            max_attempts=settings.jobs.max_attempts,
            standings=Standings(CalibrationStore(settings.redis)),
            uploads=Uploads(jobs, objects, reading, erase=self._eraser.add),
            erase=self._eraser.add if settings.images.retention_s == 0 else lambda key: None,
            announce=lambda job: announce(partial(enqueue, app), *job.deliveries),
            count=instruments.ended,
        )
        self.shards = Shards(RunStore(settings.redis), objects, engines, quarantine, at_once=settings.engine.threads)
        shards = ShardStore.of(settings)
        self._shard_leases = Leases(shards, settings.jobs.lease_s, longest_s=LONGEST_SHARD_S)
        self.batches = Batches(
            BatchStore.of(settings),
            shards,
            objects,
            engines,
            self._shard_leases,
            quarantine,
            engine_settings=settings.engine,
            worker=name,
            max_attempts=settings.jobs.max_attempts,
            erase=self._eraser.add if settings.images.retention_s == 0 else lambda key: None,
            uploads=reading,
            erase_upload=self._eraser.add,
            announce=lambda batch: announce(partial(enqueue, app), *batch.deliveries),
            count=instruments.judged,
        )
        self.canary = Canary(
            app,
            name,
            every_s=settings.worker.canary_interval_s,
            patience_s=settings.worker.canary_patience_s,
            is_busy=lambda: self._leases.count > 0,
        )
        self._heartbeat = Heartbeat(
            Presence(settings.redis),
            name=name,
            queues=queues,
            engines=lambda: engines.facts,
            silent_s=lambda: self.canary.silent_s,
        )

    def start(self) -> None:
        """Renew leases, erase, listen for itself, and show that it is there."""
        self._leases.start()
        self._shard_leases.start()
        self._eraser.start()
        if self._serves_comparisons:  # a shard takes longer than a canary lives
            self.canary.start()
        self._heartbeat.start()

    def stop(self) -> None:
        """No more work is taken, the jobs have ended, and their images are due: in this order."""
        self.canary.stop()
        self._heartbeat.stop()
        self._leases.stop()
        self._shard_leases.stop()
        self._eraser.stop()
