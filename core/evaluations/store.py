"""Evaluation runs by id, and their progress shard by shard."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from core.errors import TransitionRefused
from core.evaluations.events import event_type_of, outgoing_events
from core.evaluations.inquiries import InquiryStore
from core.evaluations.runs import Progress, Run, RunRequest
from core.settings.groups import RedisSettings
from core.storage import scripts
from core.storage.connection import connect, translated
from core.storage.idempotency import Claim
from core.storage.lifecycle import LIFECYCLE, Failure, Status, Step, new_id
from core.storage.reading import read, readable
from core.storage.records import Fields, Records, number
from core.webhooks.endpoints import EndpointStore

_REQUEST = TypeAdapter(RunRequest)
_FAILURE = TypeAdapter(Failure)


@dataclass(frozen=True, slots=True)
class RunPage:
    """Some runs, newest first; `next_id` is where the following page begins after."""

    runs: tuple[Run, ...]
    next_id: str | None


class RunStore:
    """Runs by id. Connects when first used; every method raises RecordsUnavailable when the server is away."""

    def __init__(self, server: RedisSettings) -> None:
        self._redis = connect(server)
        self._records = Records(self._redis, "run")
        self._endpoints = EndpointStore(server)
        self._inquiries = InquiryStore(server)
        self._advance = scripts.load(self._redis, "run_advance")

    def create(self, run_id: str, request: RunRequest, *, owner: str | None = None, claim: Claim | None = None) -> Run:
        """Record a queued run, and on the claim it is made for. Raise IdempotencyInFlight for a claim that is lost."""
        now = time.time()
        fields = {
            **{"created_at": now, "changed_at": now, "request": _REQUEST.dump_json(request)},
            **({"event_id": new_id("evt")} if request.callback_url else {}),
        }
        self._records.create(run_id, fields, owner=owner, claim=claim)
        return self.get(run_id)

    def withdraw(self, run_id: str, claim: Claim | None = None) -> None:
        """Nothing was accepted: forget the run, also one whose creation is still under way to a server that stalls.

        It stays when somebody was told of it who asked with the same idempotency key.
        """
        self._records.withdraw(run_id, claim)

    def get(self, run_id: str) -> Run:
        """Raise RecordNotFound for an id that is unknown or erased, or RecordUnreadable."""
        return self._run(run_id, self._records.get(run_id))

    def start(self, run_id: str) -> Run:
        """Queued, or begun by a process that is gone, to running."""
        return self._run(run_id, self._records.step(Step.START, run_id, {"started_at": time.time()}, attempts=1))

    def succeed(self, run_id: str, summary: Mapping[str, Any]) -> Run:
        """Running to succeeded, with the headline of the report."""
        return self._end(Step.SUCCEED, run_id, {"summary": json.dumps(summary)})

    def fail(self, run_id: str, failure: Failure) -> Run:
        """To failed: we could not do our work."""
        return self._end(Step.FAIL, run_id, {"failure": _FAILURE.dump_json(failure)}, failure)

    def cancel(self, run_id: str) -> Run:
        """To cancelled; cancelling twice is the same as once. Shards under way notice it between images."""
        try:
            return self._end(Step.CANCEL, run_id, {})
        except TransitionRefused:
            if (run := self.get(run_id)).status is Status.CANCELLED:
                return run
            raise

    def erase(self, run_id: str) -> None:
        """Forget the run in whatever state, its progress, what is to be told and what was asked of it.

        Raise RecordNotFound.
        """
        self._records.erase(run_id)
        self._inquiries.forget(run_id)
        with translated():
            self._redis.delete(self._progress_key(run_id))

    def page(self, *, limit: int, after: str | None = None, status: Status | None = None) -> RunPage:
        """Up to `limit` runs older than the run `after`, newest first."""
        page = self._records.page(limit=limit, after=after, status=status)
        return RunPage(tuple(readable("run", page.records, self.parsed)), page.next_id)

    def open(self) -> int:
        """How many runs wait or run."""
        return len(self._records.ids(Status.QUEUED, Status.RUNNING))

    def advance(self, run_id: str, shard: int, images_done: int, *, whole: bool) -> Status:
        """Note how many images of a shard are embedded; returns the run's status now."""
        with translated():
            status = self._advance(
                keys=[self._records.key(run_id), self._progress_key(run_id)],
                args=[shard, f"{images_done}{'!' if whole else ''}", time.time()],
            )
        return Status(status) if status else Status.CANCELLED

    def _end(self, step: Step, run_id: str, fields: Mapping[str, Any], failure: Failure | None = None) -> Run:
        run, now = self.get(run_id), time.time()
        ending = replace(run, status=LIFECYCLE[step][1], failure=failure)
        outgoing = outgoing_events(ending, now, self._endpoints.wanting(run.owner, event_type_of(ending)))
        told = {"deliveries": ",".join(event.id for event in outgoing)} if outgoing else {}
        return self._run(run_id, self._records.step(step, run_id, {**fields, **told}, outgoing=outgoing))

    def _progress_key(self, run_id: str) -> str:
        return f"{self._records.key(run_id)}:progress"

    def _run(self, run_id: str, fields: Fields) -> Run:
        """Raise RecordUnreadable for fields of another form."""
        return read("run", run_id, fields, self.parsed)

    def parsed(self, run_id: str, fields: Fields) -> Run:
        """A run out of its fields, and its progress. Raise ValueError or KeyError for fields of another form."""
        with translated():
            shards: list[str] = self._redis.hvals(self._progress_key(run_id))
        return Run(
            id=run_id,
            status=Status(fields["status"]),
            version=int(fields["version"]),
            created_at=float(fields["created_at"]),
            changed_at=float(fields["changed_at"]),
            request=_REQUEST.validate_json(fields["request"]),
            progress=Progress(
                shards_done=sum(value.endswith("!") for value in shards),
                images_done=sum(int(value.rstrip("!")) for value in shards),
            ),
            attempts=int(fields.get("attempts", 0)),
            started_at=number(fields, "started_at"),
            ended_at=number(fields, "ended_at"),
            summary=json.loads(fields["summary"]) if "summary" in fields else None,
            failure=_FAILURE.validate_json(fields["failure"]) if "failure" in fields else None,
            owner=fields.get("owner"),
            event_id=fields.get("event_id"),
            deliveries=tuple(filter(None, fields.get("deliveries", "").split(","))),
        )
