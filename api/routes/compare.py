"""`/compare`: two images in, an answer out."""

from contextlib import ExitStack
from typing import Any

from werkzeug.wrappers import Response

from api.door.access import visible_job
from api.door.idempotency import HEADER as IDEMPOTENCY_HEADER
from api.door.idempotency import begin
from api.door.services import services
from api.door.uploaded import recognisable
from api.http.answers import json_response
from api.http.problems import Problem
from api.routes.blueprint import Blueprint
from api.routes.submission import submitted
from api.routes.waiting import place_to_wait
from api.schemas.comparisons import ComparisonBody, ComparisonForm
from api.schemas.jobs import SimpleAnswerSchema
from core.comparisons.document import sentence_of, url_of
from core.comparisons.jobs import Job
from core.keys.keys import Scope
from core.storage.deadlines import EXPIRED
from core.storage.lifecycle import Status
from core.vocabulary import Compared, Decision

blueprint = Blueprint("compare", __name__, description="The plain call")


@blueprint.route("/compare", methods=["POST"])
@blueprint.requires(Scope.SUBMIT, submits=True, uploads=True)
@blueprint.doc(parameters=[IDEMPOTENCY_HEADER])
@blueprint.takes(ComparisonForm(), ComparisonBody())
@blueprint.response(200, SimpleAnswerSchema)
@blueprint.problems(400, 408, 409, 413, 415, 422, 500, 503, 504)
def compare(form: dict[str, Any]) -> Response:
    """Compare two images and wait for the answer

    A face that was not found is an answer too: `is_match` is null and `message` says why.
    """
    keyed = begin(recognisable(form), visible_job)
    with ExitStack() as until_answered:
        if keyed.kept is None:
            with keyed.undone_if_refused():
                until_answered.enter_context(place_to_wait())
        if (answered := keyed.again(_answer)) is not None:
            return answered
        job = submitted(form, keyed)
        return keyed.keep(job.id, _answer(job))


def _answer(job: Job) -> Response:
    job = services().jobs.wait(job.id, services().settings.api.max_wait_s)
    if not job.status.is_terminal:
        raise Problem(504, "not_ended_in_time", f"the job goes on: GET {url_of(job.id)}")
    if job.status is not Status.SUCCEEDED or job.result is None:
        if job.failure and job.failure.code == EXPIRED:
            raise Problem(504, "expired", sentence_of(job))
        raise Problem(500, job.failure.code if job.failure else job.status, sentence_of(job))
    outcome = job.result.outcome
    body = {
        "similarity_score": outcome.score if isinstance(outcome, Compared) else None,
        "is_match": job.result.decision is Decision.MATCH if isinstance(outcome, Compared) else None,
        "message": sentence_of(job),
        "job_id": job.id,
    }
    return json_response(body)
