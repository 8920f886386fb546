"""What a problem's `type` leads to."""

from marshmallow import Schema, fields


class ProblemTypeSchema(Schema):
    """A code, what it means and what to do about it."""

    type = fields.String(required=True, metadata={"format": "uri-reference", "description": "Where this stands."})
    code = fields.String(required=True)
    status = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": "HTTP statuses it is answered with; none where a job's `error` or a log tells it."},
    )
    cause = fields.String(required=True)
    remedy = fields.String(required=True)
    settings = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "What whoever runs the deployment can change; docs/settings.md has them all."},
    )


class ProblemTypeListSchema(Schema):
    """Every problem there is, those of one subject together."""

    problems = fields.List(fields.Nested(ProblemTypeSchema), required=True)
