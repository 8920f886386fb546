"""What a deployment is: alive, ready, its packs and its public keys."""

from marshmallow import Schema, fields

from core.liveness import LivenessRule, LivenessSides
from core.vocabulary import Policy


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
    """A named false match rate that is kept with 95 % confidence: its threshold, or why the run could not show one.

    `low` and `high` are the one-sided 95 % Clopper-Pearson limits of the rate; `high` is at most the target.
    """

    target = fields.Float(required=True)
    threshold = fields.Float(required=True, allow_none=True)
    errors = fields.Integer(required=True, allow_none=True)
    trials = fields.Integer(required=True, allow_none=True)
    low = fields.Float(required=True, allow_none=True)
    high = fields.Float(required=True, allow_none=True)
    high_over_people = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "As `high`, for people who recur in the pairs. Null where they are not known."},
    )
    refused = fields.String(required=True, allow_none=True)


class ScoredSchema(Schema):
    """How a run scored; a comparison that would be scored otherwise is refused as `calibration_unfit`."""

    policy = fields.Enum(Policy, by_value=True, required=True)
    detection_size = fields.Integer(required=True)
    detection_threshold = fields.Float(required=True)
    min_face_px = fields.Integer(required=True)
    clear_detection_score = fields.Float(required=True)
    provider = fields.String(required=True)
    version = fields.Integer(required=True, metadata={"description": "Of the pipeline."})


class CalibrationSchema(Schema):
    """The pack's thresholds, and the run they come from."""

    run_id = fields.String(required=True)
    dataset = fields.String(required=True)
    dataset_digest = fields.String(required=True)
    detection_size = fields.Integer(required=True)
    points = fields.List(fields.Nested(CalibrationPointSchema), required=True)
    pipeline = fields.Nested(
        ScoredSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null in what was stored before it was recorded: calibrate again."},
    )


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


class LivenessPackSchema(Schema):
    """The pack that judges liveness here, and what a comparison gets that does not say."""

    name = fields.String(required=True)
    digest = fields.String(required=True)
    summary = fields.String(required=True)
    licence = fields.String(required=True)
    commercial_use = fields.Boolean(required=True)
    threshold = fields.Float(required=True, metadata={"description": "A score that is as large is bona fide."})
    threshold_origin = fields.String(required=True)
    default = fields.Enum(LivenessRule, by_value=True, required=True)
    default_sides = fields.Enum(LivenessSides, by_value=True, required=True)


class PackListSchema(Schema):
    """Packs in the order of the settings."""

    packs = fields.List(fields.Nested(PackSchema), required=True)
    liveness = fields.Nested(
        LivenessPackSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null where none is installed: then no comparison may ask for liveness."},
    )
