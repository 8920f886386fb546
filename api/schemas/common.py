"""What several resources share: lists, and the body every error has."""

from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, fields, validate

from core.storage.lifecycle import Status


class StrictForm(Schema):
    """What a client sends: a field that is not known is refused, and the answer names those that are."""

    class Meta:
        unknown = RAISE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.error_messages = {**self.error_messages, "unknown": f"field_unknown|known are {', '.join(self.fields)}"}


class ListQuery(Schema):
    """Which jobs to list."""

    class Meta:
        unknown = EXCLUDE

    limit = fields.Integer(
        load_default=20,
        validate=validate.Range(min=1, max=100, error="limit_out_of_range|must be 1 to 100; found {input}"),
        error_messages={"invalid": "limit_invalid|must be a whole number; found {input}"},
    )
    cursor = fields.String(metadata={"description": "`next_cursor` of the page before."})
    status = fields.String(
        validate=validate.OneOf(
            list(Status),
            error="status_unknown|must be one of queued, running, succeeded, failed, cancelled; found {input}",
        ),
        metadata={"description": "Only jobs in this status."},
    )


class FieldErrorSchema(Schema):
    """One thing wrong with one field."""

    pointer = fields.String(required=True)
    code = fields.String(required=True)
    detail = fields.String(required=True)


class ProblemSchema(Schema):
    """Problem details (RFC 9457)."""

    type = fields.String(
        required=True,
        metadata={"format": "uri-reference", "description": "Path of a page that says cause and remedy."},
    )
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True, metadata={"description": "Stable, for machines."})
    instance = fields.String(required=True)
    request_id = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldErrorSchema))
