"""Events, and their deliveries."""

from copy import copy
from datetime import UTC
from typing import Any

from marshmallow import Schema, fields, validate

from api.schemas.common import ListQuery, StrictForm
from api.schemas.comparisons import JobSchema
from core.comparisons.document import EVENT_FIELDS
from core.webhooks.deliveries import DeliveryStatus


def _time(description: str) -> fields.AwareDateTime:
    return fields.AwareDateTime(
        format="iso",
        default_timezone=UTC,
        error_messages={"invalid": "time_invalid|must be a time such as 2026-01-31T12:00:00Z; found {input}"},
        metadata={"description": description},
    )


class _EventUrl(Schema):
    url = fields.String(required=True, metadata={"description": "Where the whole job can be read."})


#: An ended comparison, in short: fields of the job's own. No image, no embedding.
EventDataSchema = _EventUrl.from_dict(
    {name: copy(JobSchema().declared_fields[name]) for name in EVENT_FIELDS}, name="EventDataSchema"
)


class EventSchema(Schema):
    """What is sent to a callback URL."""

    type = fields.String(
        required=True,
        validate=validate.OneOf(["comparison.succeeded", "comparison.failed", "comparison.cancelled"]),
    )
    timestamp = fields.String(required=True, metadata={"format": "date-time", "description": "When it happened."})
    data = fields.Nested(EventDataSchema, required=True)


class AttemptSchema(Schema):
    """One HTTP request to a callback URL, and its answer: a status, or an error in its place."""

    at = fields.String(required=True, metadata={"format": "date-time"})
    duration_ms = fields.Float(required=True)
    status = fields.Integer(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    detail = fields.String(required=True)


class _AsSent(fields.Nested):
    """Shown as it was written: an event never changes."""

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        return nested_obj


class DeliverySchema(Schema):
    """An event on its way to a callback URL; its id is the event's, over every attempt and replay."""

    id = fields.String(required=True)
    status = fields.Enum(DeliveryStatus, by_value=True, required=True)
    job_id = fields.String(required=True)
    type = fields.String(required=True)
    url = fields.String(required=True)
    attempts = fields.Integer(required=True)
    next_attempt_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    log = fields.List(
        fields.Nested(AttemptSchema), required=True, metadata={"description": "The last 50 attempts, oldest first."}
    )
    event = _AsSent(EventSchema, required=True)
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    ended_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    urls = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class DeliveryListSchema(Schema):
    """A page of deliveries, newest first."""

    deliveries = fields.List(fields.Nested(DeliverySchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DeliveryListQuery(ListQuery):
    """Which deliveries to list."""

    status = fields.String(
        validate=validate.OneOf(
            list(DeliveryStatus),
            error="status_unknown|must be one of pending, delivered, dead, disabled; found {input}",
        ),
        metadata={"description": "Only deliveries in this status."},
    )


class ReplayForm(StrictForm):
    """Which deliveries to replay; `since` and `until` bound the time of their events."""

    status = fields.String(
        load_default=DeliveryStatus.DEAD,
        validate=validate.OneOf(
            [status for status in DeliveryStatus if status is not DeliveryStatus.PENDING],
            error="status_unknown|must be one of delivered, dead, disabled; found {input}",
        ),
    )
    since = _time("Not older than this, RFC 3339.")
    until = _time("Older than this, RFC 3339.")


class ReplayedSchema(Schema):
    """How many deliveries are due now; `more`: call again for the rest."""

    replayed = fields.Integer(required=True)
    more = fields.Boolean(required=True)
