"""`.../events`: following a job, a batch or a run, state by state, until it has ended."""

from collections.abc import Callable
from contextlib import ExitStack

from flask import request
from flask.views import MethodView
from werkzeug.wrappers import Response

from api.door.access import visible_job
from api.door.batches import visible_batch
from api.door.caller import caller
from api.door.services import services
from api.door.waiters import NoPlaceToWait
from api.http.event_stream import MEDIA_TYPE, State, states
from api.http.problems import Problem
from api.routes.blueprint import Blueprint
from api.routes.waiting import PLACE_RETRY_S
from api.schemas.evaluations import RunSchema
from api.schemas.resources import run_resource
from core.batches.batch import Batch
from core.batches.document import batch_document
from core.comparisons.document import job_document
from core.comparisons.jobs import Job
from core.evaluations.runs import Run
from core.keys.keys import Scope
from core.storage.news import News

blueprint = Blueprint("events", __name__, description="Following what goes on")

LAST_EVENT_ID = {
    "in": "header",
    "name": "Last-Event-ID",
    "schema": {"type": "string"},
    "description": "`id` of the last event that was seen: it is not told again. Browsers send it by themselves.",
}
DESCRIPTION = (
    "Server-sent events: at once, and at each change, an event `status` whose data is what GET answers. It ends "
    "with the final state, or after five minutes, when one asks again."
)
#: Whoever has seen the end is told not to ask again.
OVER = "It has ended, and `Last-Event-ID` says that this was seen: a browser asks no more"


def _documented(view: Callable[..., Response]) -> Callable[..., Response]:
    documented = blueprint.response(200, {"type": "string"}, content_type=MEDIA_TYPE, description=DESCRIPTION)(view)
    documented = blueprint.alt_response(204, description=OVER, success=True)(documented)
    return blueprint.doc(parameters=[LAST_EVENT_ID])(blueprint.problems(404, 409, 503)(documented))  # type: ignore[no-any-return]


@blueprint.route("/v1/comparisons/<job_id>/events")
class JobEvents(MethodView):
    """Of a comparison."""

    @blueprint.requires(Scope.READ)
    @_documented
    def get(self, job_id: str) -> Response:
        """Follow a job, state by state, to its end"""
        first, jobs = _job(visible_job(job_id)), services().jobs
        return _stream(job_id, first, lambda: _job(jobs.get(job_id)), services().news["job"])


@blueprint.route("/v1/batches/<batch_id>/events")
class BatchEvents(MethodView):
    """Of a batch."""

    @blueprint.requires(Scope.READ)
    @_documented
    def get(self, batch_id: str) -> Response:
        """Follow a batch and its counts to its end"""
        first, batches = _batch(visible_batch(batch_id)), services().batches
        return _stream(batch_id, first, lambda: _batch(batches.get(batch_id)), services().news["batch"])


@blueprint.route("/v1/evaluations/<run_id>/events")
class RunEvents(MethodView):
    """Of a run."""

    @blueprint.requires(Scope.EVALUATE)
    @_documented
    def get(self, run_id: str) -> Response:
        """Follow a run and its progress to its end"""
        first, runs = _run(services().runs.get(run_id)), services().runs
        return _stream(run_id, first, lambda: _run(runs.get(run_id)), services().news["run"])


def _stream(record_id: str, first: State, read: Callable[[], State], news: News) -> Response:
    """The answer, which keeps a place among those that wait until it is over. Raise Problem when there is none."""
    told = request.headers.get("Last-Event-ID")
    if first.is_last and told == first.id:
        return Response(status=204)
    with ExitStack() as until_over:
        try:
            until_over.enter_context(services().waiters.place(caller().owner))
        except NoPlaceToWait as error:
            detail = f"{error}: ask again later, or GET the job itself"
            raise Problem(503, "no_place_to_wait", detail, headers={"Retry-After": str(PLACE_RETRY_S)}) from None
        wait = until_over.enter_context(news.of(record_id))
        response = Response(states(first, read, wait, told=told), content_type=f"{MEDIA_TYPE}; charset=utf-8")
        response.headers["X-Accel-Buffering"] = "no"  # nginx would keep it back
        response.call_on_close(until_over.pop_all().close)
        return response


def _job(job: Job) -> State:
    return State(str(job.version), job_document(job), job.status.is_terminal)


def _batch(batch: Batch) -> State:
    return State(f"{batch.version}.{batch.counts.done}", batch_document(batch), batch.status.is_terminal)


def _run(run: Run) -> State:
    return State(
        f"{run.version}.{run.progress.images_done}", RunSchema().dump(run_resource(run)), run.status.is_terminal
    )
