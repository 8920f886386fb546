"""`/v1/evaluations`: start an evaluation run, follow it, fetch its report."""

import re
from dataclasses import asdict
from html import unescape
from typing import Any

from flask.views import MethodView
from werkzeug.wrappers import Response

from api.door.caller import caller
from api.door.idempotency import HEADER as IDEMPOTENCY_HEADER
from api.door.idempotency import begin
from api.door.services import services
from api.http.answers import json_response
from api.http.paging import encode_cursor, linked, page_of
from api.http.problems import Problem
from api.routes.blueprint import Blueprint
from api.schemas.evaluations import EraseQuery, EvaluationForm, ReportQuery, RunListSchema, RunSchema
from api.schemas.filters import RunListQuery, period_of, wanted_runs
from api.schemas.resources import run_resource
from core.errors import ObjectNotFound
from core.evaluations.erasing import erase_run
from core.evaluations.requesting import request_run
from core.evaluations.runs import Run, RunKeys, url_of
from core.keys.keys import Scope
from core.packs.catalogue import PackKind, directory_identity, find_pack, load_catalogue
from core.storage.idempotency import Claim
from core.storage.lifecycle import Status
from core.vocabulary import Policy
from core.webhooks.announcing import announce

blueprint = Blueprint("evaluations", __name__, url_prefix="/v1/evaluations", description="Evaluation runs")

#: When to ask again where too many are open: runs take minutes.
RUN_RETRY_S = 60

REPORTS = {
    "json": ("report", "application/json"),
    "html": ("page", "text/html; charset=utf-8"),
    "csv": ("scores", "text/csv; charset=utf-8"),
    "images": ("images", "text/csv; charset=utf-8"),
}


@blueprint.route("")
class Evaluations(MethodView):
    """All runs."""

    @blueprint.requires(Scope.EVALUATE)
    @blueprint.doc(parameters=[IDEMPOTENCY_HEADER])
    @blueprint.arguments(EvaluationForm)
    @blueprint.response(202, RunSchema, description="Accepted: the run goes on by itself")
    @blueprint.problems(400, 408, 409, 413, 415, 422, 429, 503)
    def post(self, form: dict[str, Any]) -> Response:
        """Start a run"""
        keyed = begin(form, services().runs.get)
        if (answered := keyed.again(_accepted)) is not None:
            return answered
        with keyed.undone_if_refused():
            run = _start(form, keyed.claim)
        return keyed.keep(run.id, _accepted(run))

    @blueprint.requires(Scope.EVALUATE)
    @blueprint.arguments(RunListQuery, location="query")
    @blueprint.response(200, RunListSchema)
    @blueprint.problems(422, 503)
    def get(self, query: dict[str, Any]) -> Response:
        """List runs, newest first; a filtered page may have fewer than `limit`, as that of comparisons"""
        page = services().searches.runs.page(wanted_runs(query), **page_of(query, "run"), **asdict(period_of(query)))
        cursor = encode_cursor(page.next_id)
        body = {"evaluations": [run_resource(run) for run in page.records], "next_cursor": cursor}
        return linked(json_response(RunListSchema().dump(body)), cursor)


@blueprint.route("/<run_id>")
class Evaluation(MethodView):
    """One run."""

    @blueprint.requires(Scope.EVALUATE)
    @blueprint.response(200, RunSchema)
    @blueprint.problems(404, 409, 503)
    def get(self, run_id: str) -> Response:
        """Get a run and its progress"""
        return _answer(services().runs.get(run_id), 200)

    @blueprint.requires(Scope.EVALUATE)
    @blueprint.arguments(EraseQuery, location="query")
    @blueprint.response(204, description="Record, report and score files are erased")
    @blueprint.problems(404, 409, 422, 503)
    def delete(self, query: dict[str, Any], run_id: str) -> None:
        """Erase a run and its report; one that is open, or that thresholds rest on, only with `force`"""
        erase_run(
            run_id,
            runs=services().runs,
            calibrations=services().calibrations,
            objects=services().objects,
            digests=[directory_identity(pack).digest for pack in services().packs.values()],
            force=query["force"],
        )


@blueprint.route("/<run_id>/cancel")
class Cancellation(MethodView):
    """The end a client may choose."""

    @blueprint.requires(Scope.EVALUATE)
    @blueprint.response(200, RunSchema)
    @blueprint.problems(404, 409, 503)
    def post(self, run_id: str) -> Response:
        """Cancel a run; one that has ended otherwise answers 409"""
        run = services().runs.cancel(run_id)
        announce(services().enqueue, *run.deliveries)
        return _answer(run, 200)


@blueprint.route("/<run_id>/report")
class Report(MethodView):
    """What a run found."""

    @blueprint.requires(Scope.EVALUATE)
    @blueprint.arguments(ReportQuery, location="query")
    @blueprint.response(200, {"type": "object"}, description="The report; its schema is docs/report.schema.json")
    @blueprint.problems(404, 409, 422, 503)
    def get(self, query: dict[str, Any], run_id: str) -> Response:
        """Fetch the report of a run that has succeeded"""
        run = services().runs.get(run_id)
        kind, media_type = REPORTS[query["format"]]
        try:
            body = services().objects.get(getattr(RunKeys(run_id), kind))
        except ObjectNotFound:
            if kind == "images" and run.status is Status.SUCCEEDED:
                raise Problem(409, "report_not_ready", "the run has no image file: nothing was measured") from None
            raise Problem(
                409, "report_not_ready", f"the run is {run.status}; its report is there once it has succeeded"
            ) from None
        response = Response(body, content_type=media_type)
        if kind == "page":
            response.headers["Content-Security-Policy"] = policy_of(body)
        return response


def policy_of(page: bytes) -> str:
    """What a report's page may do: what it says itself, by the digests of its style and script, in its own origin.

    In a sandbox it is no page of this API, whatever it holds; one that says nothing runs no script.
    """
    said = re.search(rb'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    own = unescape(said[1].decode("ascii", "ignore")) if said else "default-src 'none'; style-src 'unsafe-inline'"
    return f"{own}; frame-ancestors 'none'; sandbox allow-scripts"


def _start(form: dict[str, Any], claim: Claim | None) -> Run:
    settings = services().settings
    _hold_open_runs(settings.limits.max_open_runs)
    services().accepting.check_callback(form.get("callback_url"))
    pack = find_pack(form.get("pack", settings.packs.default), load_catalogue(settings.home), PackKind.RECOGNITION)
    return request_run(
        services().runs,
        services().objects,
        services().enqueue,
        dataset=form["dataset"],
        pack=pack,
        flip=form["flip"],
        policy=Policy(form.get("policy", settings.packs.default_policy)),
        detection_size=form.get("detection_size", settings.engine.detection_size),
        callback_url=form.get("callback_url"),
        owner=caller().owner,
        claim=claim,
    )


def _hold_open_runs(most: int) -> None:
    """A run is hours of a worker, and asked for in one line: beyond so many, another would only wait."""
    if (count := services().runs.open()) >= most:
        raise Problem(
            429,
            "too_many_runs",
            f"{count} evaluation runs wait or run; at most {most} may (LIKENESS_MAX_OPEN_RUNS). Nothing was accepted: "
            "ask again later, or cancel one",
            headers={"Retry-After": str(RUN_RETRY_S)},
        )


def _accepted(run: Run) -> Response:
    response = _answer(run, 202)
    response.headers["Location"] = url_of(run.id)
    return response


def _answer(run: Run, status: int) -> Response:
    response = json_response(RunSchema().dump(run_resource(run)), status)
    if not run.status.is_terminal:
        response.headers["Retry-After"] = "2"
    return response
