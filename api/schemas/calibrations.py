"""What a pack's calibration rests on."""

from marshmallow import EXCLUDE, Schema, fields, validate

from api.schemas.system import CalibrationSchema

_NOT_KEPT = "Null where there is no calibration, or its run's scores were not kept: calibrate again from the same run."


class ThresholdQuery(Schema):
    """Which threshold is asked about."""

    class Meta:
        unknown = EXCLUDE

    threshold = fields.Float(
        validate=validate.Range(min=-1, max=1, error="threshold_out_of_range|must be between -1 and 1; found {input}"),
        error_messages={
            "invalid": "threshold_invalid|must be a number; found {input}",
            "special": "threshold_invalid|must be a number between -1 and 1; found none",
        },
        metadata={"description": "The threshold whose errors are counted. Default: the pack's."},
    )


class DistributionSchema(Schema):
    """How the scores of the run are spread: of its completed comparisons, how many scored within each bin.

    Bin i is from `edges[i]` up to, and not with, `edges[i + 1]`; the last has both.
    """

    edges = fields.List(fields.Float(), required=True, metadata={"description": "101, from -1 to 1."})
    non_mated = fields.List(fields.Integer(), required=True, metadata={"description": "100 counts."})
    mated = fields.List(fields.Integer(), required=True, metadata={"description": "100 counts."})


class OperatingPointSchema(Schema):
    """The errors of the run at one threshold; a score on it is a match."""

    threshold = fields.Float(required=True)
    false_matches = fields.Integer(required=True)
    non_mated = fields.Integer(required=True, metadata={"description": "Completed non-mated comparisons of the run."})
    false_non_matches = fields.Integer(required=True)
    mated = fields.Integer(required=True, metadata={"description": "Completed mated comparisons of the run."})


class PackCalibrationSchema(Schema):
    """The calibration of a pack, when it was made, and the scores of its run in bins."""

    pack = fields.String(required=True)
    digest = fields.String(required=True)
    calibration = fields.Nested(
        CalibrationSchema, required=True, allow_none=True, metadata={"description": "Null where no run has made one."}
    )
    made_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    scores = fields.Nested(DistributionSchema, required=True, allow_none=True, metadata={"description": _NOT_KEPT})
    operating_point = fields.Nested(
        OperatingPointSchema, required=True, allow_none=True, metadata={"description": _NOT_KEPT}
    )
