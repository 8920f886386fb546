"""What a pack's calibration rests on."""

from marshmallow import Schema, fields

from api.schemas.system import CalibrationSchema


class DistributionSchema(Schema):
    """How the scores of the run are spread: of its completed comparisons, how many scored within each bin.

    Bin i is from `edges[i]` up to, and not with, `edges[i + 1]`; the last has both.
    """

    edges = fields.List(fields.Float(), required=True, metadata={"description": "101, from -1 to 1."})
    non_mated = fields.List(fields.Integer(), required=True, metadata={"description": "100 counts."})
    mated = fields.List(fields.Integer(), required=True, metadata={"description": "100 counts."})


class PackCalibrationSchema(Schema):
    """The calibration of a pack, when it was made, and the scores of its run in bins."""

    pack = fields.String(required=True)
    digest = fields.String(required=True)
    calibration = fields.Nested(
        CalibrationSchema, required=True, allow_none=True, metadata={"description": "Null where no run has made one."}
    )
    made_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    scores = fields.Nested(
        DistributionSchema,
        required=True,
        allow_none=True,
        metadata={
            "description": "Null where there is no calibration, or its run's scores were not kept: calibrate again "
            "from the same run."
        },
    )
