"""A run's way: launch the shards, assemble the parts, end in exactly one state; and repair what was lost."""

import platform
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from typing import Any

import structlog

from core import traces
from core.errors import LikenessError, RecordNotFound, TransitionRefused
from core.evaluations.messages import ShardAnswer, ShardFailed, ShardMessage
from core.evaluations.runs import Run, RunKeys
from core.evaluations.store import RunStore
from core.settings import Settings
from core.storage.lifecycle import Failure, Status
from core.storage.objects import Objects
from evaluator.runs.assembly import Assembled, assemble
from evaluator.runs.chords import Chords
from evaluator.runs.cost import cost_of
from evaluator.runs.planning import Plan

log = structlog.get_logger()

#: A chord that was launched this often for one run is given up.
MAX_LAUNCHES = 5


class ShardsFailed(LikenessError):
    """Workers could not embed some shards."""

    code = "shards_failed"


class Runs:
    """Moves runs along. Every method may be called twice: what is done is found done."""

    def __init__(self, runs: RunStore, objects: Objects, chords: Chords, settings: Settings) -> None:
        self._runs = runs
        self._objects = objects
        self._chords = chords
        self._settings = settings

    def launch(self, run_id: str) -> None:
        """Send the shards whose parts are missing as a chord; with none missing, assemble at once."""
        if run := self._started(run_id):
            with _span("plan run", run):
                plan = Plan.of(run, self._objects, self._settings)
                missing = plan.missing(self._objects)
                self._note_cached(plan, missing)
                self._go_on(run, plan, missing)

    def assemble(self, run_id: str, answers: Iterable[ShardAnswer]) -> None:
        """Parts to scores, metrics and report, stored; then the run has succeeded. Parts that are gone are sent for."""
        run = self._runs.get(run_id)
        if run.status is not Status.RUNNING:
            log.info("assembly_skipped", status=run.status)
            return
        with _span("assemble run", run):
            self._assemble(run, tuple(answers))

    def _assemble(self, run: Run, answers: Sequence[ShardAnswer]) -> None:
        if failed := [answer.outcome for answer in answers if isinstance(answer.outcome, ShardFailed)]:
            first = failed[0]
            raise ShardsFailed(f"{len(failed)} shards failed; the first: {first.code}: {first.message}")
        plan = Plan.of(run, self._objects, self._settings)
        missing = plan.missing(self._objects)
        if started := self._started(run.id) if missing else run:
            self._go_on(started, plan, missing, answers)

    def broke(self, run_id: str, code: str, message: str) -> None:
        """End a run that can't go on; one that has ended already keeps its end."""
        try:
            self._runs.fail(run_id, Failure(code, message))
        except (TransitionRefused, RecordNotFound) as error:
            log.info("run_already_ended", why=str(error))

    def repair(self) -> None:
        """Launch again the runs nothing has been heard of for longer than a redelivery takes.

        Only when no shard waits in the queue: a run that waits its turn behind another is not lost.
        """
        patience_s = self._settings.evaluations.run_patience_s
        stale = [run for run in self._open_runs() if time.time() - run.changed_at > patience_s]
        if not stale or self._chords.waiting():
            return
        for run in stale:
            log.warning("run_repaired", run_id=run.id, silent_s=round(time.time() - run.changed_at))
            self._chords.plan_again(run.id)

    def _started(self, run_id: str) -> Run | None:
        """The run, one launch later; None when it has ended. Raise ShardsFailed at one launch too many."""
        try:
            run = self._runs.start(run_id)
        except (TransitionRefused, RecordNotFound) as error:
            log.info("run_skipped", why=str(error))
            return None
        if run.attempts > MAX_LAUNCHES:
            raise ShardsFailed(f"the shards were sent {MAX_LAUNCHES} times and did not all come back")
        return run

    def _go_on(
        self, run: Run, plan: Plan, missing: Sequence[ShardMessage], answers: Sequence[ShardAnswer] = ()
    ) -> None:
        """Send what is missing, or assemble."""
        if missing:
            log.info("run_launched", shards=len(plan.messages), missing=len(missing), attempt=run.attempts)
            with traces.span("enqueue"):
                self._chords.send(run.id, missing)
            return
        software = {"likeness": version("likeness"), "python": platform.python_version()}
        cost = cost_of(answers, plan.pack, self._settings.packs.path)
        self._keep(run, assemble(run, plan, self._objects, software=software, cost=cost))

    def _note_cached(self, plan: Plan, missing: Iterable[ShardMessage]) -> None:
        gone = {message.shard for message in missing}
        for message in plan.messages:
            if message.shard not in gone:
                self._runs.advance(message.run_id, message.shard, message.images, whole=True)

    def _open_runs(self) -> list[Run]:
        return [
            run for status in (Status.QUEUED, Status.RUNNING) for run in self._runs.page(limit=100, status=status).runs
        ]

    def _keep(self, run: Run, assembled: Assembled) -> None:
        keys = RunKeys(run.id)
        with traces.span("store"):
            self._objects.put(keys.scores, assembled.scores, "text/csv; charset=utf-8")
            if assembled.images is not None:
                self._objects.put(keys.images, assembled.images, "text/csv; charset=utf-8")
            self._objects.put(keys.page, assembled.page, "text/html; charset=utf-8")
            self._objects.put(keys.report, assembled.report, "application/json")
        try:
            with traces.span("record"):
                self._runs.succeed(run.id, assembled.summary)
        except TransitionRefused as error:
            log.info("run_superseded", why=str(error))
        except RecordNotFound as error:  # erased meanwhile: so is what came of it
            log.info("run_superseded", why=str(error))
            self._objects.delete(keys.all)


def _span(name: str, run: Run) -> AbstractContextManager[Any]:
    return traces.span(name, kind="consumer", of=run.request.origin, **{"likeness.run_id": run.id})
