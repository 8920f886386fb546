"""Comparison jobs, and the plain call."""

import json
import math
from collections.abc import Mapping
from typing import Any

from flask_smorest.fields import Upload
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.datastructures import FileStorage

from api.schemas.common import StrictForm
from core.comparisons.submission import FieldRefused, Submission
from core.storage.lifecycle import Status
from core.vocabulary import Decision, Policy, Reason, Side
from core.webhooks.destinations import MAX_URL_CHARACTERS

MAX_METADATA_BYTES = 2048
MAX_METADATA_FIELDS = 16


def _metadata(text: str) -> None:
    if len(text.encode()) > MAX_METADATA_BYTES:
        raise ValidationError(f"metadata_too_large|{len(text.encode())} bytes; at most {MAX_METADATA_BYTES}")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"metadata_invalid|must be JSON: {error}") from None
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValidationError("metadata_invalid|must be a JSON object whose values are strings")
    if len(value) > MAX_METADATA_FIELDS:
        raise ValidationError(f"metadata_too_large|{len(value)} fields; at most {MAX_METADATA_FIELDS}")
    try:
        "".join((*value, *value.values())).encode()
    except UnicodeEncodeError:
        raise ValidationError(
            "metadata_invalid|must be text; found half a surrogate pair, which does not stand for a character"
        ) from None


def _threshold(value: float) -> None:
    if not math.isfinite(value) or not -1 <= value <= 1:
        raise ValidationError(f"threshold_out_of_range|must be between -1 and 1; found {value}")


def _target_fmr(value: float) -> None:
    if not 0 < value < 1:
        raise ValidationError(f"target_fmr_out_of_range|must be above 0 and below 1; found {value}")


def _image(description: str) -> Upload:
    return Upload(
        required=True,
        metadata={"description": description},
        error_messages={"required": "part_missing|this part is missing; send an image file"},
    )


class ComparisonForm(StrictForm):
    """A comparison to run: two image files and what may be said about them."""

    reference = _image("The image one knows: JPEG, PNG or WebP.")
    probe = _image("The image in question: JPEG, PNG or WebP.")
    pack = fields.String(
        metadata={"description": "Model pack; `GET /v1/packs` lists them. Default: the deployment's."},
    )
    policy = fields.String(
        validate=validate.OneOf(
            list(Policy), error="policy_unknown|must be one of largest, most_central, require_one; found {input}"
        ),
        metadata={"description": "Which face counts where an image shows several. Default: the deployment's."},
    )
    threshold = fields.Float(
        allow_nan=True,
        validate=_threshold,
        error_messages={"invalid": "threshold_invalid|must be a number; found {input}"},
        metadata={
            "description": "Decision threshold on the cosine score. Default: the pack's.",
            "minimum": -1,
            "maximum": 1,
        },
    )
    target_fmr = fields.Float(
        allow_nan=True,
        validate=_target_fmr,
        error_messages={"invalid": "target_fmr_invalid|must be a number; found {input}"},
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


def submission_of(form: Mapping[str, Any]) -> Submission:
    """What a valid form asks for. Raise FieldRefused for a part that is not a file."""
    files = {side: form[side] for side in Side}
    for side, part in files.items():
        if not isinstance(part, FileStorage):
            raise FieldRefused(side, "part_not_a_file", "send this part as a file, with a filename")
    return Submission(
        reference=files[Side.REFERENCE].read(),
        probe=files[Side.PROBE].read(),
        pack=form.get("pack"),
        policy=Policy(form["policy"]) if "policy" in form else None,
        threshold=form.get("threshold"),
        target_fmr=form.get("target_fmr"),
        callback_url=form.get("callback_url"),
        metadata=json.loads(form.get("metadata", "{}")),
    )


class WaitQuery(Schema):
    """How long to hold the answer."""

    class Meta:
        unknown = EXCLUDE

    wait = fields.Float(
        load_default=0.0,
        validate=validate.Range(min=0, error="wait_out_of_range|must be 0 or more seconds; found {input}"),
        error_messages={"invalid": "wait_invalid|must be a number of seconds; found {input}"},
        metadata={"description": "Seconds to wait for the job to end; the deployment sets an upper bound."},
    )


class FailureToAcquireSchema(Schema):
    """Why an image gave no usable face."""

    side = fields.Enum(Side, by_value=True, required=True)
    reason = fields.Enum(Reason, by_value=True, required=True)
    detail = fields.String(required=True)


class FaceSchema(Schema):
    """The face that was compared; `box` is left, top, right, bottom in pixels of the upright image.

    `detection_size` is the side of the square in which the detector saw the image, and `faces_found` counts what shows
    there: under `largest` a large face may end the search before small ones are looked for. `turned_deg` is how far the
    image had to be turned clockwise for the face to stand upright, 0 to 359; the box is that of the image as it was sent.
    """

    box = fields.List(fields.Float(), required=True, validate=validate.Length(equal=4))
    detection_score = fields.Float(required=True)
    faces_found = fields.Integer(required=True)
    detection_size = fields.Integer(required=True)
    turned_deg = fields.Integer(required=True)


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


class SimpleAnswerSchema(Schema):
    """The plain answer of `/compare`."""

    similarity_score = fields.Float(required=True, allow_none=True)
    is_match = fields.Boolean(required=True, allow_none=True)
    message = fields.String(required=True)
    job_id = fields.String(required=True)
