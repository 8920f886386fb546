"""Events, and their deliveries."""

from copy import copy

from marshmallow import Schema, fields, validate

from api.schemas.batches import BatchSchema
from api.schemas.common import ListQuery, StrictForm
from api.schemas.evaluations import RunSchema
from api.schemas.filters import moment
from api.schemas.jobs import JobSchema
from core.batches import events as batches
from core.comparisons.document import EVENT_FIELDS
from core.evaluations import events as runs
from core.webhooks.deliveries import DeliveryStatus
from core.webhooks.endpoints import TEST, EventType


class _EventUrl(Schema):
    url = fields.String(required=True, metadata={"description": "Where the whole job can be read."})


#: An ended comparison, in short: fields of the job's own. No image, no embedding.
EventDataSchema = _EventUrl.from_dict(
    {name: copy(JobSchema().declared_fields[name]) for name in EVENT_FIELDS}, name="EventDataSchema"
)


class EventSchema(Schema):
    """What is sent to a callback URL, and to every endpoint that wants it."""

    type = fields.String(
        required=True,
        validate=validate.OneOf([kind for kind in EventType if kind.startswith("comparison.")]),
    )
    timestamp = fields.String(required=True, metadata={"format": "date-time", "description": "When it happened."})
    data = fields.Nested(EventDataSchema, required=True)


#: An ended batch, in short: fields of the batch's own. No name of a photograph, no score.
BatchEventDataSchema = _EventUrl.from_dict(
    {name: copy(BatchSchema().declared_fields[name]) for name in batches.EVENT_FIELDS}, name="BatchEventDataSchema"
)


class BatchEventSchema(Schema):
    """What is sent when a batch has ended."""

    type = fields.String(
        required=True,
        validate=validate.OneOf([kind for kind in EventType if kind.startswith("batch.")]),
    )
    timestamp = fields.String(required=True, metadata={"format": "date-time", "description": "When it happened."})
    data = fields.Nested(BatchEventDataSchema, required=True)


#: An ended run, in short: fields of the run's own. No figure of its report.
RunEventDataSchema = _EventUrl.from_dict(
    {name: copy(RunSchema().declared_fields[name]) for name in runs.EVENT_FIELDS}, name="RunEventDataSchema"
)


class RunEventSchema(Schema):
    """What is sent when an evaluation run has ended."""

    type = fields.String(
        required=True,
        validate=validate.OneOf([kind for kind in EventType if kind.startswith("evaluation.")]),
    )
    timestamp = fields.String(required=True, metadata={"format": "date-time", "description": "When it happened."})
    data = fields.Nested(RunEventDataSchema, required=True)


class TestEventDataSchema(Schema):
    """That it is a test, and whose."""

    message = fields.String(required=True)
    owner = fields.String(required=True, allow_none=True)
    endpoint_id = fields.String(required=True)


class TestEventSchema(Schema):
    """What `POST /v1/webhook-endpoints/{endpoint_id}/test` has sent."""

    type = fields.String(required=True, validate=validate.OneOf([TEST]))
    timestamp = fields.String(required=True, metadata={"format": "date-time"})
    data = fields.Nested(TestEventDataSchema, required=True)


class AttemptSchema(Schema):
    """One HTTP request to a callback URL or an endpoint, and its answer: a status, or an error in its place."""

    at = fields.String(required=True, metadata={"format": "date-time"})
    duration_ms = fields.Float(required=True)
    status = fields.Integer(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    detail = fields.String(required=True)


class DeliverySchema(Schema):
    """An event on its way to a callback URL or an endpoint; its id is the event's, over every attempt and replay."""

    id = fields.String(required=True)
    status = fields.Enum(DeliveryStatus, by_value=True, required=True)
    job_id = fields.String(required=True, allow_none=True, metadata={"description": "Null for a test event."})
    type = fields.String(required=True)
    url = fields.String(required=True)
    endpoint_id = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The endpoint it is for; null where it goes to a job's `callback_url`."},
    )
    attempts = fields.Integer(required=True)
    next_attempt_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    log = fields.List(
        fields.Nested(AttemptSchema), required=True, metadata={"description": "The last 50 attempts, oldest first."}
    )
    event = fields.Raw(
        required=True,
        metadata={
            "description": "As it is sent, the same in every attempt.",
            "anyOf": [
                {"$ref": f"#/components/schemas/{name}"} for name in ("Event", "BatchEvent", "RunEvent", "TestEvent")
            ],
        },
    )
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
    since = moment("Not older than this, RFC 3339.")
    until = moment("Older than this, RFC 3339.")


class ReplayedSchema(Schema):
    """How many deliveries are due now; `more`: call again for the rest."""

    replayed = fields.Integer(required=True)
    more = fields.Boolean(required=True)
