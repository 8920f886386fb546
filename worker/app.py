"""The Celery app of an engine worker: `celery -A worker.app worker -Q comparisons`.

One process a device, on the threads pool; packs are loaded and warm before the first message is taken.
"""

import atexit
from functools import partial
from typing import Any

import structlog
from celery import Task
from celery.signals import setup_logging, worker_init, worker_ready
from celery.worker import WorkController

from core.comparisons.store import JobStore
from core.errors import BrokerUnavailable, LikenessError, StoreUnavailable
from core.evaluations.messages import ShardAnswer, ShardFailed, ShardMessage
from core.evaluations.store import RunStore
from core.logs import configure_logs
from core.messaging.broker import Queues, Tasks, celery_app, enqueue
from core.messaging.equipment import equip
from core.messaging.heartbeat import Heartbeat
from core.messaging.presence import Presence
from core.settings import Settings, load_settings
from core.storage.objects import ObjectStore
from core.webhooks.announcing import announce
from worker.canary import Canary
from worker.comparing import Comparisons
from worker.embedding import Shards
from worker.engines import Engines
from worker.eraser import Eraser
from worker.leases import Leases

#: How long an object store that is away is waited for: some three minutes, in steps below the visibility timeout.
STORE_RETRIES_S = (1, 2, 4, 8, 15, 30, 30, 30, 30, 30)

log = structlog.get_logger()
settings = load_settings()
app = celery_app("likeness-engine", settings)
app.conf.update(worker_pool="threads", worker_concurrency=settings.worker.threads, worker_direct=True)


class Equipment:
    """What this process's tasks work with; made when the worker starts, never at import."""

    def __init__(self, settings: Settings, *, worker: str, queues: tuple[str, ...]) -> None:
        self.queues = queues
        self.jobs = JobStore.of(settings)
        self.objects = ObjectStore(settings.objects)
        self.engines = Engines(settings)
        self.leases = Leases(self.jobs, settings.jobs.lease_s)
        self.eraser = Eraser(self.jobs, self.objects)
        self.comparisons = Comparisons(
            self.jobs,
            self.objects,
            self.engines,
            self.leases,
            worker=worker,
            max_attempts=settings.jobs.max_attempts,
            erase=self.eraser.add if settings.images.retention_s == 0 else lambda key: None,
            announce=lambda job: announce(partial(enqueue, app), job.event_id),
        )
        self.runs = RunStore(settings.redis)
        self.shards = Shards(self.runs, self.objects, self.engines, at_once=settings.engine.threads)
        self.canary = Canary(
            app,
            worker,
            every_s=settings.worker.canary_interval_s,
            patience_s=settings.worker.canary_patience_s,
            is_busy=lambda: self.leases.count > 0,
        )
        self.heartbeat = Heartbeat(
            Presence(settings.redis),
            name=worker,
            queues=queues,
            engines=lambda: self.engines.facts,
            silent_s=lambda: self.canary.silent_s,
        )


@app.task(name=Tasks.COMPARE, bind=True, max_retries=len(STORE_RETRIES_S))
def compare(self: Task, job_id: str) -> None:
    """Run one comparison job."""
    self.app.equipment.canary.heard()
    comparisons: Comparisons = self.app.equipment.comparisons
    try:
        comparisons.run(job_id)
    except StoreUnavailable as why:
        if self.request.retries >= len(STORE_RETRIES_S):
            comparisons.give_up(job_id, why.code, str(why))
            return
        raise self.retry(exc=why, countdown=STORE_RETRIES_S[self.request.retries]) from why


@app.task(name=Tasks.CANARY, bind=True)
def canary(self: Task) -> None:
    """The worker's own message has come through."""
    self.app.equipment.canary.heard()


@app.task(
    name=Tasks.EMBED_SHARD,
    bind=True,
    ignore_result=False,  # a chord counts its header by results
    max_retries=len(STORE_RETRIES_S),
)
def embed_shard(self: Task, message: dict[str, Any]) -> dict[str, Any]:
    """Embed one shard of a benchmark. What can't be mended is returned as data: an exception would end the chord."""
    shards: Shards = self.app.equipment.shards
    try:
        return shards.embed(ShardMessage.from_json(message)).to_json()
    except (StoreUnavailable, BrokerUnavailable) as why:
        if self.request.retries >= len(STORE_RETRIES_S):
            return ShardAnswer(message["shard"], ShardFailed(why.code, str(why))).to_json()
        raise self.retry(exc=why, countdown=STORE_RETRIES_S[self.request.retries]) from why
    except Exception as why:
        log.exception("shard_broke", run_id=message["run_id"], shard=message["shard"])
        code = why.code if isinstance(why, LikenessError) else "engine_error"
        return ShardAnswer(message["shard"], ShardFailed(code, f"{type(why).__name__}: {why}")).to_json()


@setup_logging.connect
def _configure_logs(**_: Any) -> None:
    configure_logs("worker", json_lines=settings.logs.as_json, level=settings.logs.level)


@worker_init.connect
def _equip(sender: WorkController, **_: Any) -> None:
    _configure_logs()  # Celery calls it after this
    queues = tuple(sorted(sender.app.amqp.queues.consume_from))

    def warm() -> Equipment:
        equipment = Equipment(settings, worker=sender.hostname, queues=queues)
        if Queues.COMPARISONS in queues:  # an evaluation worker loads the pack its run names
            equipment.engines.load(settings.packs.served)
        return equipment

    equip(app, "worker", warm)


@worker_ready.connect
def _announce(**_: Any) -> None:
    app.equipment.leases.start()
    app.equipment.eraser.start()
    if Queues.COMPARISONS in app.equipment.queues:  # a shard of a benchmark takes longer than a canary lives
        app.equipment.canary.start()
    app.equipment.heartbeat.start()
    # Celery 5.7.0 sends no worker_shutdown after SIGQUIT, which is how ours are stopped. At exit, moreover, the threads
    # of the pool have ended: a job that outlasts the grace keeps its lease until it is over.
    atexit.register(_leave)


def _leave() -> None:
    """No more work is taken, the jobs have ended, and their images are due: in this order."""
    app.equipment.canary.stop()
    app.equipment.heartbeat.stop()
    app.equipment.leases.stop()
    app.equipment.eraser.stop()
