"""What is asked about runs that have succeeded."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate
from webargs.fields import DelimitedList

from api.schemas.common import StrictForm
from api.schemas.filters import RunListQuery
from api.schemas.system import CalibrationSchema

#: A comparison labels its runs A to Z.
MOST_RUNS = 26
#: An index reads every report.
MOST_INDEXED = 500


def _number(rule: str) -> dict[str, Any]:
    return {"invalid": f"{rule}; found {{input}}", "special": f"{rule}; found none"}


def _wait() -> fields.Float:
    return fields.Float(
        load_default=0.0,
        validate=validate.Range(min=0, error="wait_out_of_range|must be 0 or more seconds; found {input}"),
        error_messages=_number("wait_invalid|must be a number of seconds"),
        metadata={"description": "Seconds to wait for the answer; the deployment sets an upper bound."},
    )


def _format(*forms: str) -> fields.String:
    listed = ", ".join(forms)
    return fields.String(
        load_default="json",
        validate=validate.OneOf(forms, error=f"format_unknown|must be one of {listed}; found {{input}}"),
        metadata={
            "description": "`json` for machines, `html` for people" + (", `csv` for a table." * ("csv" in forms))
        },
    )


class _ComparisonTerms(Schema):
    """How runs are compared, as `likeness evaluate compare` has it."""

    class Meta:
        unknown = EXCLUDE

    thresholds = DelimitedList(
        fields.Float(error_messages=_number("thresholds_invalid|must be numbers from -1 to 1")),
        load_default=tuple,  # called, and so not described: a list of this kind would stand there as a text
        metadata={
            "description": "Where each run decides, this one first; as many as there are runs. Default: the threshold "
            "of each run's pack."
        },
    )
    at_fmr = fields.Float(
        load_default=None,
        validate=validate.Range(
            0, 1, min_inclusive=False, max_inclusive=False, error="at_fmr_out_of_range|must be between 0 and 1"
        ),
        error_messages=_number("at_fmr_out_of_range|must be a number between 0 and 1"),
        metadata={"description": "Compare false non-matches alone, every run at the threshold of this observed FMR."},
    )
    false_alarm_rate = fields.Float(
        load_default=0.05,
        validate=validate.Range(
            0, 0.5, min_inclusive=False, error="false_alarm_rate_out_of_range|must be above 0 and at most 0.5"
        ),
        error_messages=_number("false_alarm_rate_out_of_range|must be a number above 0 and at most 0.5"),
        metadata={"description": "How often, at most, a difference may be found where there is none."},
    )
    format = _format("json", "html")
    wait = _wait()


#: `with` is a word of Python's.
ComparisonQuery = _ComparisonTerms.from_dict(
    {
        "with": DelimitedList(
            fields.String(),
            required=True,
            validate=validate.Length(1, MOST_RUNS - 1, error="runs_out_of_range|name 1 to 25 other runs"),
            error_messages={"required": "field_missing|name the runs that are held against this one"},
            metadata={"description": "Ids of the runs that are held against this one, with a comma between."},
        )
    },
    name="ComparisonQuery",
)


class PendingSchema(Schema):
    """The evaluator is at it."""

    status = fields.String(required=True, metadata={"description": "`running`"})
    detail = fields.String(required=True)


class RunComparisonTestSchema(Schema):
    """One question about a run and the first, and its answer."""

    run = fields.String(required=True, metadata={"description": "The label of the run."})
    question = fields.String(required=True)
    errors = fields.List(fields.Dict(), required=True, metadata={"description": "Of the first run, then of this one."})
    difference = fields.Float(required=True, metadata={"description": "This run's rate less the first one's."})
    interval = fields.Dict(required=True, metadata={"description": "Of the difference; or `insufficient_data`."})
    p_holm = fields.Float(required=True, metadata={"description": "Corrected for all tests made."})
    significant = fields.Boolean(required=True)
    worse = fields.Boolean(required=True)
    outcome = fields.String(required=True)


class RunComparisonSchema(Schema):
    """Runs held against the first, A, pair by pair; and what else `likeness evaluate compare --json` prints."""

    dataset = fields.Dict(required=True)
    runs = fields.List(fields.Dict(), required=True, metadata={"description": "In the order asked, labelled A, B, ..."})
    pairs = fields.Integer(required=True)
    mated_pairs = fields.Integer(required=True)
    non_mated_pairs = fields.Integer(required=True)
    at_fmr = fields.Float(required=True, allow_none=True)
    alpha = fields.Float(required=True)
    tests = fields.List(fields.Nested(RunComparisonTestSchema), required=True)
    significant = fields.Boolean(required=True)
    regression = fields.Boolean(required=True, metadata={"description": "Some run is significantly worse than A."})
    verdicts = fields.List(fields.String(), required=True)
    how = fields.String(required=True)


class WaitQuery(Schema):
    """How long an answer is waited for."""

    class Meta:
        unknown = EXCLUDE

    wait = _wait()


class CalibrationForm(StrictForm):
    """Whether to take thresholds that rest on less."""

    replace = fields.Boolean(
        load_default=False,
        error_messages={"invalid": "replace_invalid|must be true or false; found {input}"},
        metadata={"description": "Also where the thresholds in force rest on more non-mated comparisons."},
    )


class RefusalSchema(Schema):
    """Why the thresholds of a run are not taken."""

    code = fields.String(required=True)
    detail = fields.String(required=True)


class RunCalibrationSchema(Schema):
    """What the thresholds of a run would make of its pack's, and what is in force for that pack."""

    run_id = fields.String(required=True)
    pack = fields.String(required=True)
    pack_digest = fields.String(required=True)
    calibration = fields.Nested(CalibrationSchema, required=True, metadata={"description": "What the run gives."})
    in_force = fields.Nested(
        CalibrationSchema, required=True, allow_none=True, metadata={"description": "Null where the pack has none."}
    )
    is_in_force = fields.Boolean(required=True, metadata={"description": "Those in force are this run's."})
    refused = fields.Nested(
        RefusalSchema,
        required=True,
        allow_none=True,
        metadata={
            "description": "Why they would not be taken: `run_unfit`, `calibration_empty`; or `calibration_smaller`, "
            "unless `replace`."
        },
    )
    notes = fields.List(fields.String(), required=True, metadata={"description": "What to know once they are taken."})


class IndexQuery(RunListQuery):
    """Which runs, newest first."""

    class Meta:
        unknown = EXCLUDE
        exclude = ("cursor", "status")

    limit = fields.Integer(
        load_default=100,
        validate=validate.Range(
            min=1, max=MOST_INDEXED, error=f"limit_out_of_range|must be 1 to {MOST_INDEXED}; found {{input}}"
        ),
        error_messages={"invalid": "limit_invalid|must be a whole number; found {input}"},
    )
    format = _format("json", "html", "csv")
    wait = _wait()


class IndexedRunSchema(Schema):
    """A run, what it found, and what differs from the run before it."""

    id = fields.String(required=True)
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    version = fields.String(required=True)
    figures = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "`value`, `low`, `high` of accuracy, EER, FMR, FNMR, FTA; null where one is refused."},
    )
    ms_per_image = fields.Float(required=True, allow_none=True)
    changed = fields.List(fields.String(), required=True)


class HistorySchema(Schema):
    """The runs of one pack on one data set with one policy, newest first."""

    dataset = fields.String(required=True)
    dataset_digest = fields.String(required=True)
    pack = fields.String(required=True)
    policy = fields.String(required=True)
    flip = fields.Boolean(required=True)
    runs = fields.List(fields.Nested(IndexedRunSchema), required=True)


class RunIndexSchema(Schema):
    """Runs that have succeeded, by data set and pack."""

    histories = fields.List(fields.Nested(HistorySchema), required=True)
