"""The Celery app of the courier, which holds no model: housekeeping, on `celery -A worker.courier worker`.

`celery -A worker.courier beat` sends its periodic tasks.
"""

from typing import Any

import structlog
from celery import Task
from celery.signals import setup_logging, worker_init
from celery.worker import WorkController

from core.broker import Tasks, celery_app
from core.erasure import erase_due
from core.errors import LikenessError
from core.job_store import JobStore
from core.logs import configure_logs
from core.object_store import ObjectStore
from core.settings import Settings, load_settings

log = structlog.get_logger()
settings = load_settings()
app = celery_app("likeness-courier", settings)
app.conf.update(
    worker_pool="threads",
    worker_concurrency=4,
    # A round that was missed is not made up for: the next one does its work.
    beat_schedule={
        "erase what is due": {"task": Tasks.ERASE_DUE, "schedule": 15.0, "options": {"expires": 15}},
        "repair runs": {"task": Tasks.REPAIR_RUNS, "schedule": 30.0, "options": {"expires": 30}},
        "forget expired jobs": {"task": Tasks.FORGET_EXPIRED, "schedule": 3600.0, "options": {"expires": 3600}},
    },
)


class Equipment:
    """What this process's tasks work with; made when the worker starts, never at import."""

    def __init__(self, settings: Settings) -> None:
        self.jobs = JobStore(settings)
        self.objects = ObjectStore(settings)


@app.task(name=Tasks.ERASE_DUE, bind=True)
def erase_due_objects(self: Task) -> None:
    """Delete images whose job has ended and whose retention is over."""
    try:
        erased = erase_due(self.app.equipment.jobs, self.app.equipment.objects)
    except LikenessError as why:
        log.warning("erasure_postponed", why=str(why))
        return
    if erased:
        log.info("objects_erased", count=erased)


@app.task(name=Tasks.FORGET_EXPIRED, bind=True)
def forget_expired_jobs(self: Task) -> None:
    """Drop the index entries of jobs past their retention."""
    try:
        log.info("jobs_forgotten", count=self.app.equipment.jobs.forget_expired())
    except LikenessError as why:
        log.warning("forgetting_postponed", why=str(why))


@setup_logging.connect
def _configure_logs(**_: Any) -> None:
    configure_logs("courier", json_lines=settings.log_json, level=settings.log_level)


@worker_init.connect
def _equip(sender: WorkController, **_: Any) -> None:
    app.equipment = Equipment(settings)
