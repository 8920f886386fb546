"""A comparison job as it is answered, a page of them, and the plain answer."""

from marshmallow import Schema, fields, validate

from api.schemas.faces import FaceSchema, FailureToAcquireSchema, PadSchema, SeenSchema
from api.schemas.standing import StandingSchema
from core.liveness import LivenessRule, LivenessSides
from core.quality import QualityRule
from core.storage.lifecycle import Status
from core.vocabulary import Decision, Policy


class JobErrorSchema(Schema):
    """Why we could not do our work."""

    code = fields.String(required=True)
    message = fields.String(required=True)


class CalibratedFmrSchema(Schema):
    """What a calibrated threshold stands for; `low` and `high` are its one-sided 95 % Clopper-Pearson limits."""

    target_fmr = fields.Float(required=True)
    errors = fields.Integer(required=True)
    trials = fields.Integer(required=True)
    low = fields.Float(required=True)
    high = fields.Float(required=True)
    run_id = fields.String(required=True)
    dataset = fields.String(required=True)


EXPIRES = {"description": "By when it has to be begun (`expires_in`); null: whenever a worker has time."}


class UrlsSchema(Schema):
    """Where to go from here."""

    self = fields.String(required=True)
    cancel = fields.String(required=True)


class JobSchema(Schema):
    """A comparison job. What is not known yet is null."""

    id = fields.String(required=True)
    owner = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Id of the API key it belongs to, the first of a row of rotated ones; null without keys."
        },
    )
    status = fields.Enum(Status, by_value=True, required=True)
    outcome = fields.String(required=True, allow_none=True, validate=validate.OneOf(["compared", "not_acquired"]))
    score = fields.Float(
        required=True, allow_none=True, metadata={"description": "Cosine, -1 to 1; larger is more alike."}
    )
    decision = fields.Enum(Decision, by_value=True, required=True, allow_none=True)
    threshold = fields.Float(required=True)
    threshold_origin = fields.String(required=True, metadata={"description": "Where the threshold comes from."})
    calibrated_fmr = fields.Nested(CalibratedFmrSchema, required=True, allow_none=True)
    calibration = fields.Nested(
        StandingSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null where nothing was compared, or the pack had no calibration."},
    )
    reasons = fields.List(fields.Nested(FailureToAcquireSchema), required=True)
    faces = fields.Dict(keys=fields.String(), values=fields.Nested(FaceSchema), required=True)
    seen = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(SeenSchema),
        required=True,
        metadata={"description": "By side: `reference`, `probe`; of every image that was decoded, used or not."},
    )
    pack = fields.String(required=True)
    pack_digest = fields.String(required=True, allow_none=True)
    policy = fields.Enum(Policy, by_value=True, required=True)
    quality = fields.Enum(
        QualityRule, by_value=True, required=True, metadata={"description": "What becomes of quality warnings."}
    )
    liveness = fields.Enum(
        LivenessRule, by_value=True, required=True, metadata={"description": "What becomes of liveness verdicts."}
    )
    liveness_sides = fields.Enum(
        LivenessSides,
        by_value=True,
        required=True,
        allow_none=True,
        metadata={"description": "Which images are judged; null where none is."},
    )
    pad = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(PadSchema),
        required=True,
        metadata={"description": "By side: `reference`, `probe`; of every image whose liveness was asked for."},
    )
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
    expires_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time", **EXPIRES})
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
