"""What the courier does: each task by its name, and when beat sends it."""

import inspect
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeAlias

import structlog
from celery import Task, shared_task

from core.comparisons.erasure import erase_due
from core.errors import LikenessError
from core.messaging.broker import Tasks, enqueue
from core.settings.groups import CourierSettings
from courier.reaper import reap, settle

log = structlog.get_logger()
Duty: TypeAlias = Callable[..., None]


def schedule(courier: CourierSettings) -> dict[str, Any]:
    """Celery's `beat_schedule`. A round that was missed is not made up for: the next one does its work."""
    reaper_s = courier.reaper_interval_s
    return {
        "erase what is due": {"task": Tasks.ERASE_DUE, "schedule": 15.0, "options": {"expires": 15}},
        "bring back lost jobs": {"task": Tasks.REAP, "schedule": reaper_s, "options": {"expires": reaper_s}},
        "end what was to be begun by now": {"task": Tasks.EXPIRE, "schedule": 2.0, "options": {"expires": 5}},
        "sweep orphans": {"task": Tasks.SWEEP_ORPHANS, "schedule": 600.0, "options": {"expires": 600}},
        "sweep deliveries": {"task": Tasks.SWEEP_DELIVERIES, "schedule": 1.0, "options": {"expires": 5}},
        "repair runs": {"task": Tasks.REPAIR_RUNS, "schedule": 30.0, "options": {"expires": 30}},
        "forget expired jobs": {"task": Tasks.FORGET_EXPIRED, "schedule": 3600.0, "options": {"expires": 3600}},
    }


def duty(name: str, *, postponed: str) -> Callable[[Duty], Task]:
    """Register a task under a name. What one of our errors keeps it from is logged as `postponed`, and comes again."""

    def register(work: Duty) -> Task:
        facts = [*inspect.signature(work).parameters][1:]

        @wraps(work)
        def attempt(self: Task, *arguments: str) -> None:
            try:
                work(self, *arguments)
            except LikenessError as error:
                log.warning(postponed, **dict(zip(facts, arguments, strict=True)), why=str(error))

        return shared_task(name=name, bind=True)(attempt)

    return register


@duty(Tasks.ERASE_DUE, postponed="erasure_postponed")
def erase_due_objects(self: Task) -> None:
    """Delete images whose job has ended and whose retention is over."""
    if erased := erase_due(self.app.services.jobs, self.app.services.objects):
        self.app.services.instruments.erased("due", erased)
        log.info("objects_erased", count=erased)


@duty(Tasks.FETCH_IMAGES, postponed="fetching_postponed")
def fetch_images(self: Task, job_id: str) -> None:
    """Fetch the images of one job, and put it in line."""
    self.app.services.fetching(partial(enqueue, self.app)).run(job_id)


@duty(Tasks.REAP, postponed="reaping_postponed")
def bring_back_lost_jobs(self: Task) -> None:
    """Enqueue jobs again whose message or whose worker is gone."""
    services, send = self.app.services, partial(enqueue, self.app)
    for lost in services.lost:
        services.instruments.enqueued_again(lost.kind, reap(lost, send))
    settle(services.batches, send)


@duty(Tasks.EXPIRE, postponed="expiry_postponed")
def expire_late(self: Task) -> None:
    """Cancel what nobody began in time."""
    for expiring in self.app.services.expiring:
        expiring.run(partial(enqueue, self.app))


@duty(Tasks.SWEEP_ORPHANS, postponed="sweep_postponed")
def sweep_orphans(self: Task) -> None:
    """Delete stored images that no job names."""
    if swept := sum(orphans.sweep() for orphans in self.app.services.orphans):
        self.app.services.instruments.erased("orphan", swept)
        log.warning("orphans_deleted", count=swept)


@duty(Tasks.DELIVER, postponed="delivery_postponed")
def deliver(self: Task, event_id: str) -> None:
    """Attempt one delivery of an event."""
    self.app.services.dispatch.deliver(event_id, (self.request.delivery_info or {}).get("routing_key", ""))


@duty(Tasks.SWEEP_DELIVERIES, postponed="sweep_of_deliveries_postponed")
def sweep_deliveries(self: Task) -> None:
    """Enqueue the deliveries that are due."""
    self.app.services.dispatch.sweep(partial(enqueue, self.app))


@duty(Tasks.FORGET_EXPIRED, postponed="forgetting_postponed")
def forget_expired_jobs(self: Task) -> None:
    """Drop the index entries of jobs past their retention."""
    log.info("jobs_forgotten", count=self.app.services.jobs.forget_expired())
    log.info("batches_forgotten", count=self.app.services.batches.forget_expired())
    log.info("deliveries_forgotten", count=self.app.services.dispatch.forget_expired())
