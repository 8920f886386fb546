"""What is asked about runs that have succeeded: how they compare, what their thresholds are worth, all at once."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import structlog
from flask.views import MethodView
from werkzeug.wrappers import Response

from api.door.asking import ASK_AGAIN_S, answer_to, succeeded
from api.door.services import services
from api.http.answers import json_response
from api.http.problems import FieldError, Problem
from api.routes.blueprint import Blueprint
from api.routes.evaluations import policy_of
from api.routes.waiting import preferred_wait_s
from api.schemas.filters import period_of, wanted_runs
from api.schemas.inquiries import (
    CalibrationForm,
    ComparisonQuery,
    IndexQuery,
    PendingSchema,
    RunCalibrationSchema,
    RunComparisonSchema,
    RunIndexSchema,
    WaitQuery,
)
from core.errors import LikenessError
from core.evaluations.calibrations import Calibration, CalibrationUnfit
from core.evaluations.inquiries import Inquiry, Kind
from core.evaluations.runs import Run
from core.evaluations.thresholds import RunThresholds, require_fit
from core.keys.keys import Scope
from core.packs.catalogue import find_pack, load_catalogue
from core.storage.lifecycle import Status

blueprint = Blueprint("inquiries", __name__, url_prefix="/v1/evaluations", description="What runs say when asked")
log = structlog.get_logger()

#: Thresholds are waited for so long by whoever takes them: those of LFW are there within a second.
TAKING_WAIT_S = 30.0
MEDIA_TYPES = {"json": "application/json", "html": "text/html; charset=utf-8", "csv": "text/csv; charset=utf-8"}
PENDING = "The evaluator is at it: ask again"


@blueprint.route("/<run_id>/comparison")
class Comparison(MethodView):
    """Runs held against one."""

    @blueprint.requires(Scope.EVALUATE)
    @blueprint.arguments(ComparisonQuery, location="query")
    @blueprint.response(200, RunComparisonSchema)
    @blueprint.alt_response(202, schema=PendingSchema, description=PENDING, success=True)
    @blueprint.problems(404, 409, 422, 503)
    def get(self, query: dict[str, Any], run_id: str) -> Response:
        """Say whether other runs on the same pairs make more errors than this one: paired tests, or their page"""
        runs = [succeeded(one) for one in _each_once([run_id, *query["with"]])]
        _require_one_dataset(runs)
        inquiry = Inquiry(
            Kind.COMPARISON,
            tuple(run.id for run in runs),
            thresholds=_thresholds(query, len(runs)),
            at_fmr=query["at_fmr"],
            alpha=query["false_alarm_rate"],
        )
        return _answered(inquiry, query)


@blueprint.route("/<run_id>/calibration")
class RunCalibration(MethodView):
    """What a run's thresholds would change."""

    @blueprint.requires(Scope.EVALUATE)
    @blueprint.arguments(WaitQuery, location="query")
    @blueprint.response(200, RunCalibrationSchema)
    @blueprint.alt_response(202, schema=PendingSchema, description=PENDING, success=True)
    @blueprint.problems(404, 409, 422, 503)
    def get(self, query: dict[str, Any], run_id: str) -> Response:
        """Say which thresholds this run gives its pack, which are in force, and what speaks against them"""
        run = succeeded(run_id)
        if (found := _thresholds_of(run, _wait_s(query))) is None:
            return _pending()
        return json_response(RunCalibrationSchema().dump(_calibration(run, found)))

    @blueprint.requires(Scope.EVALUATE)
    @blueprint.arguments(CalibrationForm)
    @blueprint.response(200, RunCalibrationSchema)
    @blueprint.problems(400, 404, 408, 409, 413, 415, 422, 503)
    def post(self, form: dict[str, Any], run_id: str) -> dict[str, Any]:
        """Make the thresholds of this run those of its pack: `target_fmr` then chooses among them"""
        run = succeeded(run_id)
        if (found := _thresholds_of(run, TAKING_WAIT_S)) is None:
            detail = (
                f"the evaluator has not worked out the thresholds of run {run_id} yet, and nothing has changed: "
                "GET this until it answers 200, then ask once more"
            )
            raise Problem(503, "evaluator_slow", detail, headers={"Retry-After": str(ASK_AGAIN_S)})
        pack = find_pack(run.request.pack, load_catalogue(services().settings.home))
        require_fit(found.calibration, pack, services().scoring)
        found.calibration.require_threshold()
        services().calibrations.put(found.calibration, found.scores, smaller=form["replace"])
        log.info("calibrated", pack=pack.name, run_id=run_id, trials=found.calibration.trials)
        return _calibration(run, found)


@blueprint.route("/index")
class Index(MethodView):
    """All runs at once."""

    @blueprint.requires(Scope.EVALUATE)
    @blueprint.arguments(IndexQuery, location="query")
    @blueprint.response(200, RunIndexSchema)
    @blueprint.alt_response(202, schema=PendingSchema, description=PENDING, success=True)
    @blueprint.problems(409, 422, 503)
    def get(self, query: dict[str, Any]) -> Response:
        """The figures of runs that have succeeded, by data set and pack, and what each run differs in"""
        page = services().searches.runs.page(
            wanted_runs(query), limit=query["limit"], status=Status.SUCCEEDED, **asdict(period_of(query))
        )
        if not page.records:
            return _of_none(query["format"])
        return _answered(Inquiry(Kind.INDEX, tuple(run.id for run in page.records)), query)


def _answered(inquiry: Inquiry, query: dict[str, Any]) -> Response:
    form = query["format"]
    if (text := answer_to(inquiry, form, _wait_s(query))) is None:
        return _pending()
    response = Response(text, content_type=MEDIA_TYPES[form])
    if form == "html":
        response.headers["Content-Security-Policy"] = policy_of(text.encode())
    return response


def _of_none(form: str) -> Response:
    """The index of no runs, which nobody has to work out."""
    if form != "json":
        raise Problem(409, "report_not_ready", f"no run has succeeded that is asked for, so there is no {form} of any")
    return json_response({"histories": []})


def _pending() -> Response:
    response = json_response({"status": "running", "detail": "the evaluator works it out: ask again"}, 202)
    response.headers["Retry-After"] = str(ASK_AGAIN_S)
    return response


def _wait_s(query: dict[str, Any]) -> float:
    return max(float(query["wait"]), preferred_wait_s())


def _each_once(run_ids: Sequence[str]) -> Sequence[str]:
    if twice := sorted({one for one in run_ids if run_ids.count(one) > 1}):
        raise _refused("with", "runs_out_of_range", f"name each run once; found {', '.join(twice)} more than once")
    return run_ids


def _require_one_dataset(runs: Sequence[Run]) -> None:
    """The evaluator would say so as well, later."""
    first = runs[0]
    for other in runs[1:]:
        if other.request.dataset_digest != first.request.dataset_digest:
            one, two = (f"{run.request.dataset} (digest {run.request.dataset_digest[:12]})" for run in (first, other))
            raise Problem(
                409,
                "runs_not_comparable",
                f"{first.id} is on {one} and {other.id} on {two}: runs are compared pair by pair, so on one data set",
            )


def _thresholds(query: dict[str, Any], count: int) -> tuple[float, ...]:
    given = tuple(query["thresholds"])
    if not given:
        return ()
    if query["at_fmr"] is not None:
        raise _refused("thresholds", "thresholds_invalid", "at_fmr chooses every threshold: give one or the other")
    if len(given) != count or not all(-1 <= one <= 1 for one in given):
        detail = f"give {count} numbers from -1 to 1, one a run in their order; found {', '.join(map(str, given))}"
        raise _refused("thresholds", "thresholds_invalid", detail)
    return given


def _refused(field: str, code: str, detail: str) -> Problem:
    return Problem(422, code, f"{field}: {detail}", errors=[FieldError(f"/{field}", code, detail)])


def _thresholds_of(run: Run, wait_s: float) -> RunThresholds | None:
    text = answer_to(Inquiry(Kind.THRESHOLDS, (run.id,)), "json", wait_s)
    return None if text is None else RunThresholds.parse(text)


def _calibration(run: Run, found: RunThresholds) -> dict[str, Any]:
    """The resource: what the run gives, what is in force, what speaks against it, and what to know of it."""
    made = found.calibration
    in_force = services().calibrations.get(made.pack_digest)
    return {
        "run_id": run.id,
        "pack": made.pack,
        "pack_digest": made.pack_digest,
        "calibration": made,
        "in_force": in_force,
        "is_in_force": in_force is not None and in_force.run_id == run.id,
        "refused": _against(run, made, in_force),
        "notes": _notes(run, made),
    }


def _against(run: Run, made: Calibration, in_force: Calibration | None) -> dict[str, str] | None:
    try:
        pack = find_pack(run.request.pack, load_catalogue(services().settings.home))
        require_fit(made, pack, services().scoring)
        made.require_threshold()
        if in_force is not None:
            made.require_more_than(in_force)
    except LikenessError as error:
        if error.retryable:
            raise
        return {"code": error.code, "detail": str(error)}
    return None


def _notes(run: Run, made: Calibration) -> list[str]:
    if not made.trials:
        return []
    settings = services().settings
    pack = find_pack(run.request.pack, load_catalogue(settings.home))
    try:
        made.require_fit(services().scoring.of(pack, settings.packs.default_policy))
    except CalibrationUnfit as error:
        return [f"a comparison that asks for nothing but a target_fmr would be refused: {error}"]
    return []
