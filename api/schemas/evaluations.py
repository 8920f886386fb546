"""Evaluation runs."""

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from api.schemas.jobs import JobErrorSchema
from core.storage.lifecycle import Status
from core.vocabulary import Policy
from core.webhooks.destinations import MAX_URL_CHARACTERS


def _detection_size(value: int) -> None:
    if value % 32 or not 32 <= value <= 2048:
        raise ValidationError(f"detection_size_out_of_range|must be a multiple of 32 from 32 to 2048; found {value}")


class EvaluationForm(Schema):
    """A run to start."""

    dataset = fields.String(
        required=True,
        error_messages={"required": "field_missing|name an imported data set"},
        metadata={"description": "Name of an imported data set."},
    )
    pack = fields.String(metadata={"description": "Model pack. Default: the deployment's."})
    flip = fields.Boolean(
        load_default=False,
        error_messages={"invalid": "flip_invalid|must be true or false; found {input}"},
        metadata={"description": "Add the embedding of the mirrored crop."},
    )
    policy = fields.String(
        validate=validate.OneOf(
            list(Policy), error="policy_unknown|must be one of largest, most_central, require_one; found {input}"
        ),
        metadata={"description": "Which face counts. Default: the deployment's, as for comparisons."},
    )
    detection_size = fields.Integer(
        strict=True,
        validate=_detection_size,
        error_messages={"invalid": "detection_size_invalid|must be a whole number; found {input}"},
        metadata={"description": "Detector input, pixels a side. Default: the deployment's.", "multipleOf": 32},
    )
    callback_url = fields.String(
        metadata={
            "description": "Where to announce the end: an https URL that the deployment can reach; see `webhooks`.",
            "format": "uri",
            "maxLength": MAX_URL_CHARACTERS,
        },
    )


class EraseQuery(Schema):
    """Whether to erase what is in use as well."""

    class Meta:
        unknown = EXCLUDE

    force = fields.Boolean(
        load_default=False,
        error_messages={"invalid": "force_invalid|must be true or false; found {input}"},
        metadata={
            "description": "Cancel a run that has not ended; erase one that thresholds rest on, which stay in force."
        },
    )


class RunSchema(Schema):
    """An evaluation run. What is not known yet is null."""

    id = fields.String(required=True)
    status = fields.Enum(Status, by_value=True, required=True)
    dataset = fields.String(required=True)
    dataset_digest = fields.String(required=True)
    track = fields.String(required=True)
    pack = fields.String(required=True)
    flip = fields.Boolean(required=True)
    policy = fields.Enum(Policy, by_value=True, required=True)
    detection_size = fields.Integer(required=True)
    pairs = fields.Integer(required=True)
    images = fields.Integer(required=True)
    images_done = fields.Integer(required=True)
    shards = fields.Integer(required=True)
    shards_done = fields.Integer(required=True)
    summary = fields.Dict(keys=fields.String(), required=True, allow_none=True)
    error = fields.Nested(JobErrorSchema, required=True, allow_none=True)
    owner = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Id of the API key that asked for it; null without keys, and of runs from a terminal."
        },
    )
    callback_url = fields.String(required=True, allow_none=True)
    event_id = fields.String(required=True, allow_none=True)
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    started_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    ended_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    urls = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class RunListSchema(Schema):
    """A page of runs, newest first."""

    evaluations = fields.List(fields.Nested(RunSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ReportQuery(Schema):
    """Which of the report's files."""

    class Meta:
        unknown = EXCLUDE

    format = fields.String(
        load_default="json",
        validate=validate.OneOf(
            ["json", "html", "csv", "images"],
            error="format_unknown|must be one of json, html, csv, images; found {input}",
        ),
        metadata={
            "description": "`json` for machines, `html` for people, `csv` for every score, `images` for the quality of "
            "each image."
        },
    )
