"""What a pack's calibration says of one score."""

from marshmallow import Schema, fields

from api.schemas.system import CalibrationPointSchema


class NonMatedTallySchema(Schema):
    """How many non-mated comparisons of the run scored this or more."""

    trials = fields.Integer(required=True, metadata={"description": "Completed non-mated comparisons of the run."})
    as_high = fields.Integer(required=True, metadata={"description": "Those that scored as high as this, or higher."})


class MatedTallySchema(Schema):
    """How many mated comparisons of the run scored this or less."""

    trials = fields.Integer(required=True, metadata={"description": "Completed mated comparisons of the run."})
    as_low = fields.Integer(required=True, metadata={"description": "Those that scored as low as this, or lower."})


class StandingSchema(Schema):
    """The pack's calibration when this was compared, and where the score lies among those of its run.

    Counts of that run's pairs, and limits that they rest on: no probability that two images show one person.
    """

    run_id = fields.String(required=True)
    dataset = fields.String(required=True)
    made_at = fields.String(required=True, metadata={"format": "date-time"})
    fits = fields.Boolean(
        required=True,
        metadata={
            "description": "False where the run scored otherwise than this comparison, so that it says nothing of it: "
            "`points` is then empty, and `detail` names the difference."
        },
    )
    detail = fields.String(
        required=True,
        metadata={
            "example": "of 3000 non-mated pairs of run run_01a2 on lfw, 0 scored as high; "
            "of 3000 mated pairs, 17 scored as low"
        },
    )
    non_mated = fields.Nested(
        NonMatedTallySchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null where it is not known, or the run had none; so is `mated`."},
    )
    mated = fields.Nested(MatedTallySchema, required=True, allow_none=True)
    points = fields.List(
        fields.Nested(CalibrationPointSchema),
        required=True,
        metadata={"description": "Every FMR that the run was asked for, largest first."},
    )
