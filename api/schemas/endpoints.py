"""Webhook endpoints: what an owner registers, and how it is shown."""

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from api.schemas.common import ListQuery, StrictForm
from core.webhooks.destinations import MAX_URL_CHARACTERS
from core.webhooks.endpoints import GRACE_S, MOST_GRACE_S, EventType

MAX_DESCRIPTION_CHARACTERS = 200

#: One endpoint, as the OpenAPI document shows it.
EXAMPLE = {
    "id": "ep_01a20a36b9a59a1c08b32ffd2c908d45",
    "owner": "3f0c9a51b7de",
    "url": "https://you.example/likeness",
    "event_types": [*EventType],
    "enabled": True,
    "description": "production",
    "old_secret_until": None,
    "created_at": "2026-01-01T00:00:00.000Z",
    "changed_at": "2026-01-01T00:00:00.000Z",
    "urls": {
        name: f"/v1/webhook-endpoints/ep_01a20a36b9a59a1c08b32ffd2c908d45{path}"
        for name, path in (("self", ""), ("test", "/test"), ("rotate_secret", "/rotate-secret"))
    },
}
SECRET_EXAMPLE = {**EXAMPLE, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwN3vN4gYp0S0="}


def _description(text: str) -> None:
    if len(text) > MAX_DESCRIPTION_CHARACTERS:
        raise ValidationError(
            f"description_too_long|must be at most {MAX_DESCRIPTION_CHARACTERS} characters; found {len(text)}"
        )
    if not text.isprintable():
        raise ValidationError("description_invalid|must be one line of text")


def _event_types(types: list[str]) -> None:
    if not types:
        raise ValidationError(f"event_types_empty|must name at least one of {', '.join(EventType)}")
    if len(set(types)) < len(types):
        raise ValidationError("event_types_repeated|must name each type once")


class EndpointChanges(StrictForm):
    """What may be changed of an endpoint. What is not sent stays."""

    url = fields.String(
        metadata={
            "description": "An https URL that the deployment can reach; the rules are those of `callback_url`.",
            "format": "uri",
            "maxLength": MAX_URL_CHARACTERS,
        },
        error_messages={"invalid": "url_invalid|must be a text"},
    )
    event_types = fields.List(
        fields.String(
            validate=validate.OneOf(
                list(EventType), error=f"event_type_unknown|must be one of {', '.join(EventType)}; found {{input}}"
            ),
            error_messages={"invalid": "event_type_unknown|must be a text"},
        ),
        validate=_event_types,
        metadata={"description": "What it is told of. Default: everything.", "minItems": 1, "uniqueItems": True},
        error_messages={"invalid": "event_types_invalid|must be a list"},
    )
    enabled = fields.Boolean(
        truthy={True},
        falsy={False},
        metadata={"description": "Whether anything is sent there. Default: true."},
        error_messages={"invalid": "enabled_invalid|must be true or false"},
    )
    description = fields.String(
        validate=_description,
        metadata={"description": "For people.", "maxLength": MAX_DESCRIPTION_CHARACTERS},
        error_messages={"invalid": "description_invalid|must be a text"},
    )


class EndpointForm(EndpointChanges):
    """An endpoint to register."""

    url = fields.String(
        required=True,
        metadata=EndpointChanges._declared_fields["url"].metadata,
        error_messages={
            "required": "url_missing|name the URL that events are sent to",
            "invalid": "url_invalid|must be a text",
        },
    )


class RotationForm(StrictForm):
    """How to replace a secret."""

    grace_s = fields.Float(
        load_default=GRACE_S,
        validate=validate.Range(
            min=0,
            max=MOST_GRACE_S,
            error=f"grace_out_of_range|must be 0 to {MOST_GRACE_S:.0f} seconds; found {{input}}",
        ),
        error_messages={"invalid": "grace_invalid|must be a number of seconds; found {input}"},
        metadata={"description": "Seconds for which the secret before signs as well."},
    )


class EndpointUrlsSchema(Schema):
    """Where to go from here."""

    self = fields.String(required=True)
    test = fields.String(required=True)
    rotate_secret = fields.String(required=True)


class EndpointSchema(Schema):
    """A registered URL. Its secret is not shown again."""

    id = fields.String(required=True)
    owner = fields.String(
        required=True, allow_none=True, metadata={"description": "The API key whose jobs' endings are sent there."}
    )
    url = fields.String(required=True)
    event_types = fields.List(fields.String(), required=True)
    enabled = fields.Boolean(
        required=True, metadata={"description": "Not any more where its consumer answered 410; PATCH enables it again."}
    )
    description = fields.String(required=True)
    old_secret_until = fields.String(
        required=True,
        allow_none=True,
        metadata={"format": "date-time", "description": "When the secret before stops signing; null without one."},
    )
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    changed_at = fields.String(required=True, metadata={"format": "date-time"})
    urls = fields.Nested(EndpointUrlsSchema, required=True)


class SecretEndpointSchema(EndpointSchema):
    """A registered URL and its secret, this once."""

    secret = fields.String(
        required=True, metadata={"description": "What consumers verify with (Standard Webhooks); shown once."}
    )


class EndpointListSchema(Schema):
    """A page of endpoints, newest first."""

    endpoints = fields.List(fields.Nested(EndpointSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class EndpointListQuery(ListQuery):
    """Which endpoints to list."""

    class Meta:
        unknown = EXCLUDE
        exclude = ("status",)
