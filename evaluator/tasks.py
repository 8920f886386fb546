"""What the evaluator does for a message: each task by its name."""

from collections.abc import Callable
from typing import Any

import structlog
from celery import Task, shared_task

from core.errors import LikenessError
from core.evaluations.messages import ShardAnswer
from core.messaging.broker import Tasks
from evaluator.runs.chords import run_of_body
from evaluator.runs.running import Runs

log = structlog.get_logger()


@shared_task(name=Tasks.PLAN_RUN, bind=True)
def plan_run(self: Task, run_id: str) -> None:
    """Send the shards that are missing, or assemble at once."""
    _ending_on_failure(self.app.services.runs, run_id, lambda runs: runs.launch(run_id))


@shared_task(name=Tasks.ASSEMBLE_RUN, bind=True)
def assemble_run(self: Task, shards: list[dict[str, Any]], run_id: str) -> None:
    """The chord's body: parts to scores, metrics, report."""
    answers = map(ShardAnswer.from_json, shards)
    _ending_on_failure(self.app.services.runs, run_id, lambda runs: runs.assemble(run_id, answers))


@shared_task(name=Tasks.RUN_BROKE, bind=True)
def run_broke(self: Task, body_id: str) -> None:
    """The chord's error callback: send what is missing again; a run that breaks too often fails.

    A chord fails although every shard was embedded when the broker goes away just as one is acknowledged (seen on
    Celery 5.7.0). The task takes exactly one argument, the body's id: with more, a process that does not know it
    could not call it.
    """
    run_id = run_of_body(body_id)
    log.warning("chord_failed", run_id=run_id, body=body_id)
    _ending_on_failure(self.app.services.runs, run_id, lambda runs: runs.launch(run_id))


@shared_task(name=Tasks.REPAIR_RUNS, bind=True)
def repair_runs(self: Task) -> None:
    """Take up runs whose messages were lost."""
    try:
        self.app.services.runs.repair()
    except LikenessError as error:
        log.warning("repair_postponed", why=str(error))


@shared_task(name=Tasks.ANSWER_INQUIRY, bind=True)
def answer_inquiry(self: Task, digest: str) -> None:
    """Work out what somebody asks about runs that have succeeded."""
    try:
        self.app.services.inquiries.answer(digest)
    except LikenessError as error:  # whoever asks sends it again
        log.warning("inquiry_postponed", digest=digest, why=str(error))


def _ending_on_failure(runs: Runs, run_id: str, step: Callable[[Runs], None]) -> None:
    """A run that can't go on ends as failed; what trying again may mend is left to the repair."""
    with structlog.contextvars.bound_contextvars(run_id=run_id):
        try:
            step(runs)
        except LikenessError as error:
            if error.retryable:
                log.warning("run_stalled", why=str(error))
            else:
                runs.broke(run_id, error.code, str(error))
        except Exception as error:
            log.exception("run_broke")
            runs.broke(run_id, "internal", f"{type(error).__name__}: {error}")
