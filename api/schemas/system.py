"""What a deployment is: alive, ready, its packs and its public keys."""

from marshmallow import Schema, fields


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
