"""A run's way: launch the shards, assemble the parts, end in exactly one state; and repair what was lost."""

import platform
import time
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import structlog
from celery import Celery, chord
from celery.utils import uuid

from core.errors import JobNotFound, LikenessError, TransitionRefused
from core.evaluations.runs import Run, RunKeys
from core.evaluations.shards import ShardMessage
from core.evaluations.store import RunStore
from core.messaging.broker import Queues, Tasks, enqueue, messages_waiting
from core.packs.catalogue import find_pack, load_catalogue
from core.settings import Settings
from core.storage.lifecycle import Failure, Status
from core.storage.objects import ObjectStore
from evaluator.runs.assembly import Assembled, assemble
from evaluator.runs.planning import dataset_of, missing_parts, pipeline_of, plan

log = structlog.get_logger()

#: A chord that was launched this often for one run is given up.
MAX_LAUNCHES = 5


class ShardsFailed(LikenessError):
    """Workers could not embed some shards."""

    code = "shards_failed"


class Runs:
    """Moves runs along. Every method may be called twice: what is done is found done."""

    def __init__(self, runs: RunStore, objects: ObjectStore, app: Celery, settings: Settings) -> None:
        self._runs = runs
        self._objects = objects
        self._app = app
        self._settings = settings

    def launch(self, run_id: str) -> None:
        """Send the shards whose parts are missing as a chord; with none missing, assemble at once."""
        try:
            run = self._runs.start(run_id)
        except (TransitionRefused, JobNotFound) as why:
            log.info("run_skipped", why=str(why))
            return
        if run.attempts > MAX_LAUNCHES:
            raise ShardsFailed(f"the shards were sent {MAX_LAUNCHES} times and did not all come back")
        messages = self._messages(run)
        missing = missing_parts(messages, self._objects)
        self._note_cached(messages, missing)
        log.info("run_launched", shards=len(messages), missing=len(missing), attempt=run.attempts)
        if missing:
            self._send(run_id, missing)
        else:
            self.assemble(run_id, [])

    def assemble(self, run_id: str, shards: Iterable[dict[str, Any]]) -> None:
        """Parts to scores, metrics and report, stored; then the run has succeeded."""
        run = self._runs.get(run_id)
        if run.status is not Status.RUNNING:
            log.info("assembly_skipped", status=run.status)
            return
        if errors := [shard for shard in shards if shard.get("error")]:
            first = errors[0]["error"]
            raise ShardsFailed(f"{len(errors)} shards failed; the first: {first['code']}: {first['message']}")
        messages = self._messages(run)
        if missing_parts(messages, self._objects):
            self.launch(run_id)
            return
        assembled = assemble(
            run,
            dataset_of(run.request, self._objects),
            messages,
            self._objects,
            pack=self._pack(run),
            software={"likeness": version("likeness"), "python": platform.python_version()},
        )
        self._keep(run, assembled)

    def broke(self, run_id: str, code: str, message: str) -> None:
        """End a run that can't go on; one that has ended already keeps its end."""
        try:
            self._runs.fail(run_id, Failure(code, message))
        except (TransitionRefused, JobNotFound) as why:
            log.info("run_already_ended", why=str(why))

    def repair(self) -> None:
        """Launch again the runs nothing has been heard of for longer than a redelivery takes.

        Only when no shard waits in the queue: a run that waits its turn behind another is not lost.
        """
        patience_s = self._settings.evaluations.run_patience_s
        stale = [run for run in self._open_runs() if time.time() - run.changed_at > patience_s]
        if not stale or messages_waiting(self._settings.redis, Queues.EVALUATIONS, Queues.REPORTS):
            return
        for run in stale:
            log.warning("run_repaired", run_id=run.id, silent_s=round(time.time() - run.changed_at))
            enqueue(self._app, Tasks.PLAN_RUN, run.id)

    def _open_runs(self) -> list[Run]:
        return [
            run for status in (Status.QUEUED, Status.RUNNING) for run in self._runs.page(limit=100, status=status).runs
        ]

    def _send(self, run_id: str, messages: Iterable[ShardMessage]) -> None:
        signature = self._app.signature
        header = [signature(Tasks.EMBED_SHARD, args=(message.to_json(),)) for message in messages]
        body = signature(Tasks.ASSEMBLE_RUN, args=(run_id,), task_id=body_of_run(run_id))
        body.link_error(signature(Tasks.RUN_BROKE))
        chord(header, body, app=self._app).apply_async()

    def _messages(self, run: Run) -> tuple[ShardMessage, ...]:
        dataset = dataset_of(run.request, self._objects)
        return plan(run.id, dataset, pipeline_of(run.request, self._pack(run), self._settings.engine))

    def _note_cached(self, messages: Iterable[ShardMessage], missing: Iterable[ShardMessage]) -> None:
        gone = {message.shard for message in missing}
        for message in messages:
            if message.shard not in gone:
                self._runs.advance(message.run_id, message.shard, message.images, whole=True)

    def _pack(self, run: Run) -> Any:
        return find_pack(run.request.pack, load_catalogue(self._settings.home))

    def _keep(self, run: Run, assembled: Assembled) -> None:
        keys = RunKeys(run.id)
        self._objects.put(keys.scores, assembled.scores, "text/csv; charset=utf-8")
        self._objects.put(keys.page, assembled.page, "text/html; charset=utf-8")
        self._objects.put(keys.report, assembled.report, "application/json")
        try:
            self._runs.succeed(run.id, assembled.summary)
        except TransitionRefused as why:
            log.info("run_superseded", why=str(why))


def body_of_run(run_id: str) -> str:
    """A task id for the chord's body from which the error callback knows the run."""
    return f"{run_id}.{uuid()}"


def run_of_body(body_id: str) -> str:
    """The run a chord's body belongs to."""
    return body_id.partition(".")[0]
