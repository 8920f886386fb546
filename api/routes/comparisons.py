"""`/v1/comparisons`: submit, follow, list, cancel, erase."""

from dataclasses import asdict
from functools import partial
from typing import Any

from flask import request
from flask.views import MethodView
from werkzeug.wrappers import Response

from api.door.access import visible_id, visible_job
from api.door.caller import caller
from api.door.idempotency import HEADER as IDEMPOTENCY_HEADER
from api.door.idempotency import begin
from api.door.services import services
from api.door.uploaded import recognisable
from api.http.answers import json_response
from api.http.paging import encode_cursor, linked, page_of
from api.routes.blueprint import Blueprint
from api.routes.submission import submitted
from api.routes.waiting import preferred_wait_s, wait_for
from api.schemas.comparisons import ComparisonBody, ComparisonForm, WaitQuery
from api.schemas.examples import QUEUED
from api.schemas.filters import METADATA_PARAMETER, JobListQuery, wanted_jobs
from api.schemas.jobs import JobListSchema, JobSchema
from core.comparisons.document import job_document, url_of
from core.comparisons.jobs import Job
from core.comparisons.wanted import WantedJobs
from core.keys.keys import Scope
from core.storage.lifecycle import Status
from core.webhooks.announcing import announce

blueprint = Blueprint("comparisons", __name__, url_prefix="/v1/comparisons", description="One probe, one reference")

WAIT_HEADER = {
    "in": "header",
    "name": "Prefer",
    "schema": {"type": "string"},
    "description": "`wait=N` holds the answer up to N seconds (RFC 7240); `respond-async` does not wait.",
}
ETAG_HEADER = {
    "in": "header",
    "name": "If-None-Match",
    "schema": {"type": "string"},
    "description": "ETag of the job as last seen: 304 while nothing changed.",
}


@blueprint.route("")
class Comparisons(MethodView):
    """All comparisons."""

    @blueprint.requires(Scope.SUBMIT, submits=True, uploads=True)
    @blueprint.doc(parameters=[WAIT_HEADER, IDEMPOTENCY_HEADER])
    @blueprint.arguments(WaitQuery, location="query")
    @blueprint.takes(ComparisonForm(), ComparisonBody())
    @blueprint.response(
        202, JobSchema, description="Accepted: the job will end in exactly one terminal state", example=QUEUED
    )
    @blueprint.alt_response(200, schema=JobSchema, description="The job ended within the wait", success=True)
    @blueprint.problems(400, 408, 409, 413, 415, 422, 503)
    def post(self, query: dict[str, Any], form: dict[str, Any]) -> Response:
        """Submit a comparison"""
        keyed = begin(recognisable(form), visible_job)
        accepted = partial(_accepted, wait_s=max(query["wait"], preferred_wait_s()))
        if (answered := keyed.again(accepted)) is not None:
            return answered
        job = submitted(form, keyed)
        return keyed.keep(job.id, accepted(job))

    @blueprint.requires(Scope.READ)
    @blueprint.doc(parameters=[METADATA_PARAMETER])
    @blueprint.arguments(JobListQuery, location="query")
    @blueprint.response(200, JobListSchema)
    @blueprint.problems(422, 503)
    def get(self, query: dict[str, Any]) -> Response:
        """List jobs, newest first

        A filtered page looks at 1100 jobs at most: it may have fewer than `limit`, or none, and a `next_cursor` all
        the same, which goes on from there.
        """
        jobs, next_id = _listed(wanted_jobs(query), page_of(query, "cmp"))
        cursor = encode_cursor(next_id)
        body = {"jobs": [job_document(job) for job in jobs], "next_cursor": cursor}
        return linked(json_response(body), cursor)


@blueprint.route("/<job_id>")
class Comparison(MethodView):
    """One comparison."""

    @blueprint.requires(Scope.READ)
    @blueprint.doc(parameters=[WAIT_HEADER, ETAG_HEADER])
    @blueprint.arguments(WaitQuery, location="query")
    @blueprint.response(200, JobSchema)
    @blueprint.alt_response(304, description="Nothing changed since `If-None-Match`", success=True)
    @blueprint.problems(404, 409, 422, 503)
    def get(self, query: dict[str, Any], job_id: str) -> Response:
        """Get a job, waiting for its end if asked to"""
        job = visible_job(job_id)
        job, granted_s = wait_for(job, max(query["wait"], preferred_wait_s()), services())
        response = _answer(job, status=200)
        if granted_s and preferred_wait_s():
            response.headers["Preference-Applied"] = f"wait={granted_s:g}"
        return response.make_conditional(request)

    @blueprint.requires(Scope.SUBMIT)
    @blueprint.response(204, description="Record and images are erased")
    @blueprint.problems(404, 503)
    def delete(self, job_id: str) -> None:
        """Erase a job and its images"""
        services().jobs.erase(visible_id(job_id))


@blueprint.route("/<job_id>/cancel")
class Cancellation(MethodView):
    """The end a client may choose."""

    @blueprint.requires(Scope.SUBMIT)
    @blueprint.response(200, JobSchema)
    @blueprint.problems(404, 409, 503)
    def post(self, job_id: str) -> Response:
        """Cancel a job; a job that has ended otherwise answers 409"""
        job = services().jobs.cancel(visible_job(job_id).id)
        announce(services().enqueue, *job.deliveries)
        return _answer(job, status=200)


def _listed(wanted: WantedJobs, page: dict[str, Any]) -> tuple[tuple[Job, ...], str | None]:
    owner = caller().sees
    if wanted == WantedJobs():
        found = services().jobs.page(**page, owner=owner)
        return found.jobs, found.next_id
    if wanted.asks_for_result:
        if page["status"] not in (None, Status.SUCCEEDED):
            return (), None
        page = {**page, "status": Status.SUCCEEDED}
    looked = services().searches.jobs.page(wanted.takes, **page, owner=owner, **asdict(wanted.period))
    return looked.records, looked.next_id


def _accepted(job: Job, *, wait_s: float) -> Response:
    job, granted_s = wait_for(job, wait_s, services())
    response = _answer(job, status=200 if job.status.is_terminal else 202)
    response.headers["Location"] = url_of(job.id)
    if granted_s and preferred_wait_s():
        response.headers["Preference-Applied"] = f"wait={granted_s:g}"
    return response


def _answer(job: Job, *, status: int) -> Response:
    response = json_response(job_document(job), status)
    response.set_etag(f"{job.id}.{job.version}")
    if not job.status.is_terminal:
        response.headers["Retry-After"] = "1"
    return response
