"""Batches: many pairs in one job."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_smorest.fields import Upload
from marshmallow import EXCLUDE, Schema, fields, validate

from api.schemas.comparisons import ComparisonForm, terms_of
from api.schemas.jobs import CalibratedFmrSchema, JobErrorSchema, JobSchema
from core.batches.pairs import AskedPair
from core.batches.submission import BatchSubmission
from core.comparisons.submission import ImageUpload
from core.quality import QualityRule
from core.storage.lifecycle import Status
from core.vocabulary import Policy

ROW_FORMATS = ("json", "jsonl", "csv")


class BatchForm(ComparisonForm):
    """A batch to run: photographs, each once under a name of your own, and which of them to compare.

    Every part that is a file, or the id of an upload, and not one of these is a photograph, by the name of its part.
    Without `pairs`, the photograph called `reference` is compared with each of the others.
    """

    class Meta:
        exclude = ("reference", "probe")

    pairs = Upload(
        metadata={
            "description": "A JSON array, or JSON Lines, of objects with `reference` and `probe`, the names of two "
            "photographs, and optionally `custom_id`, which no other pair has. As a file or as a text.",
        }
    )
    metadata = fields.String(
        validate=ComparisonForm._declared_fields["metadata"].validate,
        metadata={
            "description": "A JSON object of strings, given back with the batch: at most 16 fields, 2048 bytes.",
            "contentMediaType": "application/json",
        },
    )


#: What the form takes beside photographs, and how a person would say it.
TEXTS: Mapping[str, str] = {
    name: str(field.metadata["description"])
    for name, field in BatchForm._declared_fields.items()
    if name not in ("reference", "probe")
}


def batch_of(
    form: Mapping[str, Any], photographs: dict[str, bytes | ImageUpload], pairs: Sequence[AskedPair] | None
) -> BatchSubmission:
    """What a valid form asks for."""
    return BatchSubmission(photographs, pairs, terms_of(form, reference=b"", probe=b""))


class CountsSchema(Schema):
    """What became of the pairs so far."""

    done = fields.Integer(required=True, metadata={"description": "Pairs that have a row."})
    compared = fields.Integer(required=True, metadata={"description": "Matches and non-matches."})
    matches = fields.Integer(required=True)
    non_matches = fields.Integer(required=True)
    not_acquired = fields.Integer(required=True, metadata={"description": "No usable face in a photograph."})
    failed = fields.Integer(required=True, metadata={"description": "We could not do our work on them."})


class BatchUrlsSchema(Schema):
    """Where to go from here."""

    self = fields.String(required=True)
    results = fields.String(required=True)
    cancel = fields.String(required=True)


def _of_job(name: str) -> fields.Field[Any]:
    return JobSchema._declared_fields[name]


class BatchSchema(Schema):
    """A batch. What is not known yet is null."""

    id = fields.String(required=True)
    owner = _of_job("owner")
    status = fields.Enum(Status, by_value=True, required=True)
    pairs = fields.Integer(required=True)
    photographs = fields.Integer(required=True)
    counts = fields.Nested(CountsSchema, required=True)
    shards = fields.Integer(required=True, metadata={"description": "What it was cut into, to be done one by one."})
    shards_done = fields.Integer(required=True)
    threshold = fields.Float(required=True)
    threshold_origin = fields.String(required=True)
    calibrated_fmr = fields.Nested(CalibratedFmrSchema, required=True, allow_none=True)
    pack = fields.String(required=True)
    policy = fields.Enum(Policy, by_value=True, required=True)
    quality = fields.Enum(QualityRule, by_value=True, required=True)
    liveness = _of_job("liveness")
    liveness_sides = _of_job("liveness_sides")
    error = fields.Nested(JobErrorSchema, required=True, allow_none=True)
    metadata = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    callback_url = fields.String(required=True, allow_none=True)
    event_id = fields.String(required=True, allow_none=True)
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    expires_at = _of_job("expires_at")
    started_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    ended_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    urls = fields.Nested(BatchUrlsSchema, required=True)


class BatchListSchema(Schema):
    """A page of batches, newest first."""

    batches = fields.List(fields.Nested(BatchSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class RowSchema(Schema):
    """What became of one pair: the facts of a comparison, under the client's names."""

    custom_id = fields.String(required=True)
    reference = fields.String(required=True, metadata={"description": "The photograph's name."})
    probe = fields.String(required=True, metadata={"description": "The photograph's name."})
    outcome = fields.String(
        required=True,
        validate=validate.OneOf(["compared", "not_acquired", "failed"]),
        metadata={"description": "`failed`: we could not do our work on it, and `error` says why."},
    )
    score = _of_job("score")
    decision = _of_job("decision")
    threshold = fields.Float(required=True)
    threshold_origin = fields.String(required=True)
    calibrated_fmr = fields.Nested(CalibratedFmrSchema, required=True, allow_none=True)
    reasons = _of_job("reasons")
    faces = _of_job("faces")
    seen = _of_job("seen")
    pack = fields.String(required=True)
    pack_digest = fields.String(required=True, allow_none=True)
    policy = fields.Enum(Policy, by_value=True, required=True)
    quality = fields.Enum(QualityRule, by_value=True, required=True)
    liveness = _of_job("liveness")
    liveness_sides = _of_job("liveness_sides")
    pad = _of_job("pad")
    provider = fields.String(required=True, allow_none=True)
    detection_size = fields.Integer(required=True, allow_none=True)
    detection_threshold = fields.Float(required=True, allow_none=True)
    error = fields.Nested(JobErrorSchema, required=True, allow_none=True)


class RowListSchema(Schema):
    """Some rows, in the order of their pairs; those that are not done yet are left out."""

    results = fields.List(fields.Nested(RowSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class RowQuery(Schema):
    """Which rows, and in what form."""

    class Meta:
        unknown = EXCLUDE

    format = fields.String(
        load_default="json",
        validate=validate.OneOf(ROW_FORMATS, error="format_unknown|must be one of json, jsonl, csv; found {input}"),
        metadata={"description": "`json`: a page. `jsonl`, `csv`: every row that is there."},
    )
    limit = fields.Integer(
        load_default=100,
        validate=validate.Range(min=1, max=1000, error="limit_out_of_range|must be 1 to 1000; found {input}"),
        error_messages={"invalid": "limit_invalid|must be a whole number; found {input}"},
        metadata={"description": "Rows of a page of `json`."},
    )
    cursor = fields.String(metadata={"description": "`next_cursor` of the page before."})
