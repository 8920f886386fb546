"""The Celery app that plans runs and assembles reports: `celery -A evaluator.app worker -Q reports`.

It holds no model: embedding is asked of the engine workers by task name.
"""

import atexit
from collections.abc import Callable
from typing import Any

import structlog
from celery import Task
from celery.signals import setup_logging, worker_init, worker_ready
from celery.worker import WorkController

from core.errors import LikenessError
from core.evaluations.messages import ShardAnswer
from core.evaluations.store import RunStore
from core.logs import configure_logs
from core.messaging.broker import Tasks, celery_app
from core.messaging.equipment import equip
from core.messaging.heartbeat import Heartbeat
from core.messaging.presence import Presence
from core.settings import Settings, load_settings
from core.storage.objects import ObjectStore
from evaluator.runs.chords import Chords, run_of_body
from evaluator.runs.running import Runs

log = structlog.get_logger()
settings = load_settings()
app = celery_app("likeness-evaluator", settings)
app.conf.update(worker_pool="threads", worker_concurrency=2)


class Equipment:
    """What this process's tasks work with; made when the worker starts, never at import."""

    def __init__(self, settings: Settings, *, worker: str, queues: tuple[str, ...]) -> None:
        chords = Chords(app, settings.redis)
        self.runs = Runs(RunStore(settings.redis), ObjectStore(settings.objects), chords, settings)
        self.heartbeat = Heartbeat(Presence(settings.redis), name=worker, queues=queues, engines=lambda: ())


@app.task(name=Tasks.PLAN_RUN, bind=True)
def plan_run(self: Task, run_id: str) -> None:
    """Send the shards that are missing, or assemble at once."""
    _ending_on_failure(self.app.equipment.runs, run_id, lambda runs: runs.launch(run_id))


@app.task(name=Tasks.ASSEMBLE_RUN, bind=True)
def assemble_run(self: Task, shards: list[dict[str, Any]], run_id: str) -> None:
    """The chord's body: parts to scores, metrics, report."""
    _ending_on_failure(
        self.app.equipment.runs, run_id, lambda runs: runs.assemble(run_id, map(ShardAnswer.from_json, shards))
    )


@app.task(name=Tasks.RUN_BROKE)
def run_broke(body_id: str) -> None:
    """The chord's error callback: send what is missing again; a run that breaks too often fails.

    A chord fails although every shard was embedded when the broker goes away just as one is acknowledged (seen on
    Celery 5.7.0). The task takes exactly one argument, the body's id: with more, a process that does not know it
    could not call it.
    """
    run_id = run_of_body(body_id)
    log.warning("chord_failed", run_id=run_id, body=body_id)
    _ending_on_failure(app.equipment.runs, run_id, lambda runs: runs.launch(run_id))


@app.task(name=Tasks.REPAIR_RUNS, bind=True)
def repair_runs(self: Task) -> None:
    """Take up runs whose messages were lost."""
    try:
        self.app.equipment.runs.repair()
    except LikenessError as why:
        log.warning("repair_postponed", why=str(why))


def _ending_on_failure(runs: Runs, run_id: str, step: Callable[[Runs], None]) -> None:
    """A run that can't go on ends as failed; what trying again may mend is left to the repair."""
    with structlog.contextvars.bound_contextvars(run_id=run_id):
        try:
            step(runs)
        except LikenessError as why:
            if why.retryable:
                log.warning("run_stalled", why=str(why))
            else:
                runs.broke(run_id, why.code, str(why))
        except Exception as error:
            log.exception("run_broke")
            runs.broke(run_id, "internal", f"{type(error).__name__}: {error}")


@setup_logging.connect
def _configure_logs(**_: Any) -> None:
    configure_logs("evaluator", json_lines=settings.logs.as_json, level=settings.logs.level)


@worker_init.connect
def _equip(sender: WorkController, **_: Any) -> None:
    _configure_logs()  # Celery calls it after this
    queues = tuple(sorted(sender.app.amqp.queues.consume_from))
    equip(app, "evaluator", lambda: Equipment(settings, worker=sender.hostname, queues=queues))


@worker_ready.connect
def _announce(**_: Any) -> None:
    app.equipment.heartbeat.start()
    # Celery 5.7.0 sends no worker_shutdown after SIGQUIT, which is how ours are stopped.
    atexit.register(app.equipment.heartbeat.stop)
