"""The Celery app of the courier, which holds no model: housekeeping, on `celery -A courier.app worker`.

`celery -A courier.app beat` sends its periodic tasks.
"""

import inspect
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeAlias

import structlog
from celery import Task
from celery.signals import setup_logging, worker_init
from celery.worker import WorkController

from core.comparisons.erasure import erase_due
from core.comparisons.orphans import Orphans
from core.comparisons.store import JobStore
from core.errors import LikenessError
from core.logs import configure_logs
from core.messaging.broker import Tasks, celery_app, enqueue
from core.messaging.equipment import equip
from core.settings import Settings, load_settings
from core.storage.objects import ObjectStore
from courier.lanes import Rounds
from courier.lost_jobs import LostJobs
from courier.reaper import reap

log = structlog.get_logger()
settings = load_settings()
app = celery_app("likeness-courier", settings)
app.conf.update(
    worker_pool="threads",
    worker_concurrency=settings.courier.threads,
    # A round that was missed is not made up for: the next one does its work.
    beat_schedule={
        "erase what is due": {"task": Tasks.ERASE_DUE, "schedule": 15.0, "options": {"expires": 15}},
        "bring back lost jobs": {
            "task": Tasks.REAP,
            "schedule": settings.courier.reaper_interval_s,
            "options": {"expires": settings.courier.reaper_interval_s},
        },
        "sweep orphans": {"task": Tasks.SWEEP_ORPHANS, "schedule": 600.0, "options": {"expires": 600}},
        "sweep deliveries": {"task": Tasks.SWEEP_DELIVERIES, "schedule": 1.0, "options": {"expires": 5}},
        "repair runs": {"task": Tasks.REPAIR_RUNS, "schedule": 30.0, "options": {"expires": 30}},
        "forget expired jobs": {"task": Tasks.FORGET_EXPIRED, "schedule": 3600.0, "options": {"expires": 3600}},
    },
)


class Equipment:
    """What this process's tasks work with; made when the worker starts, never at import."""

    def __init__(self, settings: Settings) -> None:
        self.jobs = JobStore.of(settings)
        self.objects = ObjectStore(settings.objects)
        self.lost = LostJobs.of(settings)
        self.orphans = Orphans(settings.redis, settings.images, self.objects)
        self.rounds = Rounds(settings)


Duty: TypeAlias = Callable[..., None]


def duty(name: str, *, postponed: str) -> Callable[[Duty], Task]:
    """Register a task under a name. What one of our errors keeps it from is logged as `postponed`, and comes again."""

    def register(work: Duty) -> Task:
        facts = [*inspect.signature(work).parameters][1:]

        @wraps(work)
        def attempt(self: Task, *arguments: str) -> None:
            try:
                work(self, *arguments)
            except LikenessError as why:
                log.warning(postponed, **dict(zip(facts, arguments, strict=True)), why=str(why))

        return app.task(name=name, bind=True)(attempt)

    return register


@duty(Tasks.ERASE_DUE, postponed="erasure_postponed")
def erase_due_objects(self: Task) -> None:
    """Delete images whose job has ended and whose retention is over."""
    if erased := erase_due(self.app.equipment.jobs, self.app.equipment.objects):
        log.info("objects_erased", count=erased)


@duty(Tasks.REAP, postponed="reaping_postponed")
def bring_back_lost_jobs(self: Task) -> None:
    """Enqueue jobs again whose message or whose worker is gone."""
    reap(self.app.equipment.lost, partial(enqueue, self.app))


@duty(Tasks.SWEEP_ORPHANS, postponed="sweep_postponed")
def sweep_orphans(self: Task) -> None:
    """Delete stored images that no job names."""
    if swept := self.app.equipment.orphans.sweep():
        log.warning("orphans_deleted", count=swept)


@duty(Tasks.DELIVER, postponed="delivery_postponed")
def deliver(self: Task, event_id: str) -> None:
    """Attempt one delivery of an event."""
    self.app.equipment.rounds.deliver(event_id, (self.request.delivery_info or {}).get("routing_key", ""))


@duty(Tasks.SWEEP_DELIVERIES, postponed="sweep_of_deliveries_postponed")
def sweep_deliveries(self: Task) -> None:
    """Enqueue the deliveries that are due."""
    self.app.equipment.rounds.sweep(partial(enqueue, self.app))


@duty(Tasks.FORGET_EXPIRED, postponed="forgetting_postponed")
def forget_expired_jobs(self: Task) -> None:
    """Drop the index entries of jobs past their retention."""
    log.info("jobs_forgotten", count=self.app.equipment.jobs.forget_expired())
    log.info("deliveries_forgotten", count=self.app.equipment.rounds.forget_expired())


@setup_logging.connect
def _configure_logs(**_: Any) -> None:
    configure_logs("courier", json_lines=settings.logs.as_json, level=settings.logs.level)


@worker_init.connect
def _equip(sender: WorkController, **_: Any) -> None:
    _configure_logs()  # Celery calls it after this
    equip(app, "courier", lambda: Equipment(settings))
