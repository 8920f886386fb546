"""What goes in and out over HTTP: the one source of validation and of the OpenAPI document."""

import json
import math
from datetime import UTC
from typing import Any

from flask_smorest.fields import Upload
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate

from core.comparison import Decision, Policy, Reason, Side
from core.lifecycle import Status
from core.webhooks.deliveries import DeliveryStatus
from core.webhooks.destinations import MAX_URL_CHARACTERS

MAX_METADATA_BYTES = 2048
MAX_METADATA_FIELDS = 16


def _metadata(text: str) -> None:
    if len(text.encode()) > MAX_METADATA_BYTES:
        raise ValidationError(f"metadata_too_large|{len(text.encode())} bytes; at most {MAX_METADATA_BYTES}")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"metadata_invalid|not JSON: {error}") from None
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValidationError("metadata_invalid|must be a JSON object whose values are strings")
    if len(value) > MAX_METADATA_FIELDS:
        raise ValidationError(f"metadata_too_large|{len(value)} fields; at most {MAX_METADATA_FIELDS}")
    try:
        "".join((*value, *value.values())).encode()
    except UnicodeEncodeError:
        raise ValidationError("metadata_invalid|holds half a surrogate pair, which is no character") from None


def _threshold(value: float) -> None:
    if not math.isfinite(value) or not -1 <= value <= 1:
        raise ValidationError(f"threshold_out_of_range|must be between -1 and 1; found {value}")


def _detection_size(value: int) -> None:
    if value % 32 or not 32 <= value <= 2048:
        raise ValidationError(f"detection_size_out_of_range|must be a multiple of 32 from 32 to 2048; found {value}")


def _target_fmr(value: float) -> None:
    if not 0 < value < 1:
        raise ValidationError(f"target_fmr_out_of_range|must be above 0 and below 1; found {value}")


def _time(description: str) -> fields.AwareDateTime:
    return fields.AwareDateTime(
        format="iso",
        default_timezone=UTC,
        error_messages={"invalid": "time_invalid|must be a time such as 2026-01-31T12:00:00Z"},
        metadata={"description": description},
    )


def _image(description: str) -> Upload:
    return Upload(
        required=True,
        metadata={"description": description},
        error_messages={"required": "part_missing|this part is missing; send an image file"},
    )


class ComparisonForm(Schema):
    """A comparison to run: two image files and what may be said about them."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "field_unknown|there is no such field"}

    reference = _image("The image one knows: JPEG, PNG or WebP.")
    probe = _image("The image in question: JPEG, PNG or WebP.")
    pack = fields.String(
        metadata={"description": "Model pack; `GET /v1/packs` lists them. Default: the deployment's."},
    )
    policy = fields.String(
        validate=validate.OneOf(
            list(Policy), error="policy_unknown|there are largest, most_central and require_one; found {input}"
        ),
        metadata={"description": "Which face counts where an image shows several. Default: the deployment's."},
    )
    threshold = fields.Float(
        allow_nan=True,
        validate=_threshold,
        error_messages={"invalid": "threshold_invalid|must be a number"},
        metadata={
            "description": "Decision threshold on the cosine score. Default: the pack's.",
            "minimum": -1,
            "maximum": 1,
        },
    )
    target_fmr = fields.Float(
        allow_nan=True,
        validate=_target_fmr,
        error_messages={"invalid": "target_fmr_invalid|must be a number"},
        metadata={
            "description": "Instead of a threshold: the false match rate it must keep, by the pack's calibration.",
            "exclusiveMinimum": 0,
            "exclusiveMaximum": 1,
        },
    )
    metadata = fields.String(
        validate=_metadata,
        metadata={
            "description": "A JSON object of strings, given back with the job: at most 16 fields, 2048 bytes.",
            "contentMediaType": "application/json",
        },
    )

    callback_url = fields.String(
        metadata={
            "description": "Where to announce the end: an https URL that the deployment can reach; see `webhooks`.",
            "format": "uri",
            "maxLength": MAX_URL_CHARACTERS,
        },
    )


class WaitQuery(Schema):
    """How long to hold the answer."""

    class Meta:
        unknown = EXCLUDE

    wait = fields.Float(
        load_default=0.0,
        validate=validate.Range(min=0, error="wait_out_of_range|must be 0 or more seconds; found {input}"),
        error_messages={"invalid": "wait_invalid|must be a number of seconds"},
        metadata={"description": "Seconds to wait for the job to end; the deployment sets an upper bound."},
    )


class ListQuery(Schema):
    """Which jobs to list."""

    class Meta:
        unknown = EXCLUDE

    limit = fields.Integer(
        load_default=20,
        validate=validate.Range(min=1, max=100, error="limit_out_of_range|must be 1 to 100; found {input}"),
        error_messages={"invalid": "limit_invalid|must be a whole number"},
    )
    cursor = fields.String(metadata={"description": "`next_cursor` of the page before."})
    status = fields.String(
        validate=validate.OneOf(list(Status), error="status_unknown|there is no status {input}"),
        metadata={"description": "Only jobs in this status."},
    )


class FailureToAcquireSchema(Schema):
    """Why an image gave no usable face."""

    side = fields.Enum(Side, by_value=True, required=True)
    reason = fields.Enum(Reason, by_value=True, required=True)
    detail = fields.String(required=True)


class FaceSchema(Schema):
    """The face that was compared; `box` is left, top, right, bottom in pixels of the upright image.

    `detection_size` is the side of the square in which the detector saw the image.
    """

    box = fields.List(fields.Float(), required=True, validate=validate.Length(equal=4))
    detection_score = fields.Float(required=True)
    faces_found = fields.Integer(required=True)
    detection_size = fields.Integer(required=True)


class JobErrorSchema(Schema):
    """Why we could not do our work."""

    code = fields.String(required=True)
    message = fields.String(required=True)


class CalibratedFmrSchema(Schema):
    """What a calibrated threshold stands for; `low` and `high` bound the FMR (Clopper-Pearson, 95 %)."""

    target_fmr = fields.Float(required=True)
    errors = fields.Integer(required=True)
    trials = fields.Integer(required=True)
    low = fields.Float(required=True)
    high = fields.Float(required=True)
    run_id = fields.String(required=True)
    dataset = fields.String(required=True)


class UrlsSchema(Schema):
    """Where to go from here."""

    self = fields.String(required=True)
    cancel = fields.String(required=True)


class JobSchema(Schema):
    """A comparison job. What is not known yet is null."""

    id = fields.String(required=True)
    status = fields.Enum(Status, by_value=True, required=True)
    outcome = fields.String(required=True, allow_none=True, validate=validate.OneOf(["compared", "not_acquired"]))
    score = fields.Float(
        required=True, allow_none=True, metadata={"description": "Cosine, -1 to 1; larger is more alike."}
    )
    decision = fields.Enum(Decision, by_value=True, required=True, allow_none=True)
    threshold = fields.Float(required=True)
    threshold_origin = fields.String(required=True, metadata={"description": "Where the threshold comes from."})
    calibrated_fmr = fields.Nested(CalibratedFmrSchema, required=True, allow_none=True)
    reasons = fields.List(fields.Nested(FailureToAcquireSchema), required=True)
    faces = fields.Dict(keys=fields.String(), values=fields.Nested(FaceSchema), required=True)
    pack = fields.String(required=True)
    pack_digest = fields.String(required=True, allow_none=True)
    policy = fields.Enum(Policy, by_value=True, required=True)
    provider = fields.String(required=True, allow_none=True)
    detection_size = fields.Integer(required=True, allow_none=True)
    detection_threshold = fields.Float(required=True, allow_none=True)
    timings_ms = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
    attempts = fields.Integer(required=True)
    error = fields.Nested(JobErrorSchema, required=True, allow_none=True)
    metadata = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    callback_url = fields.String(required=True, allow_none=True)
    event_id = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Id of the event that announces the end, and of its delivery."},
    )
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    started_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    ended_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    urls = fields.Nested(UrlsSchema, required=True)


class JobListSchema(Schema):
    """A page of jobs, newest first."""

    jobs = fields.List(fields.Nested(JobSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class EventDataSchema(Schema):
    """An ended comparison, in short. No image, no embedding."""

    id = fields.String(required=True)
    status = fields.Enum(Status, by_value=True, required=True)
    outcome = fields.String(required=True, allow_none=True, validate=validate.OneOf(["compared", "not_acquired"]))
    score = fields.Float(required=True, allow_none=True)
    decision = fields.Enum(Decision, by_value=True, required=True, allow_none=True)
    threshold = fields.Float(required=True)
    reasons = fields.List(fields.Nested(FailureToAcquireSchema), required=True)
    pack = fields.String(required=True)
    error = fields.Nested(JobErrorSchema, required=True, allow_none=True)
    metadata = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    url = fields.String(required=True, metadata={"description": "Where the whole job can be read."})


class EventSchema(Schema):
    """What is sent to a callback URL."""

    type = fields.String(
        required=True,
        validate=validate.OneOf(["comparison.succeeded", "comparison.failed", "comparison.cancelled"]),
    )
    timestamp = fields.String(required=True, metadata={"format": "date-time", "description": "When it happened."})
    data = fields.Nested(EventDataSchema, required=True)


class AttemptSchema(Schema):
    """One HTTP request to a callback URL, and its answer: a status, or an error in its place."""

    at = fields.String(required=True, metadata={"format": "date-time"})
    duration_ms = fields.Float(required=True)
    status = fields.Integer(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    detail = fields.String(required=True)


class _AsSent(fields.Nested):
    """Shown as it was written: an event never changes."""

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        return nested_obj


class DeliverySchema(Schema):
    """An event on its way to a callback URL; its id is the event's, over every attempt and replay."""

    id = fields.String(required=True)
    status = fields.Enum(DeliveryStatus, by_value=True, required=True)
    job_id = fields.String(required=True)
    type = fields.String(required=True)
    url = fields.String(required=True)
    attempts = fields.Integer(required=True)
    next_attempt_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    log = fields.List(
        fields.Nested(AttemptSchema), required=True, metadata={"description": "The last 50 attempts, oldest first."}
    )
    event = _AsSent(EventSchema, required=True)
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    ended_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    urls = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class DeliveryListSchema(Schema):
    """A page of deliveries, newest first."""

    deliveries = fields.List(fields.Nested(DeliverySchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DeliveryListQuery(ListQuery):
    """Which deliveries to list."""

    status = fields.String(
        validate=validate.OneOf(list(DeliveryStatus), error="status_unknown|there is no status {input}"),
        metadata={"description": "Only deliveries in this status."},
    )


class ReplayForm(Schema):
    """Which deliveries to replay; `since` and `until` bound the time of their events."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "field_unknown|there is no such field"}

    status = fields.String(
        load_default=DeliveryStatus.DEAD,
        validate=validate.OneOf(
            [status for status in DeliveryStatus if status is not DeliveryStatus.PENDING],
            error="status_unknown|there are delivered, dead and disabled; found {input}",
        ),
    )
    since = _time("Not older than this, RFC 3339.")
    until = _time("Older than this, RFC 3339.")


class ReplayedSchema(Schema):
    """How many deliveries are due now; `more`: call again for the rest."""

    replayed = fields.Integer(required=True)
    more = fields.Boolean(required=True)


class SimpleAnswerSchema(Schema):
    """The plain answer of `/compare`."""

    similarity_score = fields.Float(required=True, allow_none=True)
    is_match = fields.Boolean(required=True, allow_none=True)
    message = fields.String(required=True)
    job_id = fields.String(required=True)


class HealthSchema(Schema):
    """The process answers."""

    status = fields.String(required=True)


class CheckSchema(Schema):
    """One dependency."""

    ok = fields.Boolean(required=True)
    detail = fields.String(required=True)


class ReadySchema(Schema):
    """Whether comparisons would be served now, dependency by dependency."""

    ready = fields.Boolean(required=True)
    checks = fields.Dict(keys=fields.String(), values=fields.Nested(CheckSchema), required=True)


class JwkSchema(Schema):
    """A public key (RFC 7517)."""

    kty = fields.String(required=True)
    crv = fields.String(required=True)
    x = fields.String(required=True)
    y = fields.String()
    kid = fields.String(required=True, metadata={"description": "The key's thumbprint (RFC 7638)"})
    use = fields.String(required=True)
    alg = fields.String(required=True)


class JwksSchema(Schema):
    """The public keys that verify receipts."""

    keys = fields.List(fields.Nested(JwkSchema), required=True)


class CalibrationPointSchema(Schema):
    """A named false match rate: its threshold and counts, or why the run could not show one."""

    target = fields.Float(required=True)
    threshold = fields.Float(required=True, allow_none=True)
    errors = fields.Integer(required=True, allow_none=True)
    trials = fields.Integer(required=True, allow_none=True)
    low = fields.Float(required=True, allow_none=True)
    high = fields.Float(required=True, allow_none=True)
    refused = fields.String(required=True, allow_none=True)


class CalibrationSchema(Schema):
    """The pack's thresholds, and the run they come from."""

    run_id = fields.String(required=True)
    dataset = fields.String(required=True)
    dataset_digest = fields.String(required=True)
    detection_size = fields.Integer(required=True)
    points = fields.List(fields.Nested(CalibrationPointSchema), required=True)


class PackSchema(Schema):
    """A pack this deployment runs, and the workers that hold it."""

    name = fields.String(required=True)
    digest = fields.String(required=True)
    summary = fields.String(required=True)
    licence = fields.String(required=True)
    commercial_use = fields.Boolean(required=True)
    embedding_dimension = fields.Integer(required=True)
    threshold = fields.Float(required=True)
    threshold_origin = fields.String(required=True)
    is_default = fields.Boolean(required=True)
    workers = fields.List(fields.String(), required=True)
    calibration = fields.Nested(CalibrationSchema, required=True, allow_none=True)


class PackListSchema(Schema):
    """Packs in the order of the settings."""

    packs = fields.List(fields.Nested(PackSchema), required=True)


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
        error_messages={"invalid": "flip_invalid|must be true or false"},
        metadata={"description": "Add the embedding of the mirrored crop."},
    )
    policy = fields.String(
        load_default=Policy.MOST_CENTRAL,
        validate=validate.OneOf(
            list(Policy), error="policy_unknown|there are largest, most_central and require_one; found {input}"
        ),
    )
    detection_size = fields.Integer(
        strict=True,
        validate=_detection_size,
        error_messages={"invalid": "detection_size_invalid|must be a whole number"},
        metadata={"description": "Detector input, pixels a side. Default: the deployment's.", "multipleOf": 32},
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
        validate=validate.OneOf(["json", "html", "csv"], error="format_unknown|there are json, html and csv"),
        metadata={"description": "`json` for machines, `html` for people, `csv` for every score."},
    )


class FieldErrorSchema(Schema):
    """One thing wrong with one field."""

    pointer = fields.String(required=True)
    code = fields.String(required=True)
    detail = fields.String(required=True)


class ProblemSchema(Schema):
    """Problem details (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True, metadata={"description": "Stable, for machines."})
    instance = fields.String(required=True)
    request_id = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldErrorSchema))
