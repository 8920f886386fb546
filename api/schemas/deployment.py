"""What a deployment is and how it stands, who asks, and the data sets there are."""

from marshmallow import Schema, fields, validate

from api.schemas.system import CheckSchema
from core.deployment.finding import Verdict
from core.keys.keys import Scope
from core.vocabulary import Track


def _time(*, or_null: bool = True, description: str = "") -> fields.String:
    told = {"format": "date-time", **({"description": description} if description else {})}
    return fields.String(required=True, allow_none=or_null, metadata=told)


def _seconds(description: str) -> fields.Float:
    return fields.Float(required=True, allow_none=True, metadata={"description": description})


class OpenSchema(Schema):
    """How many wait and run, and for how long the oldest of them; null where there is none."""

    queued = fields.Integer(required=True)
    queued_oldest_s = _seconds("Seconds since it was submitted.")
    queued_oldest_id = fields.String(required=True, allow_none=True)
    running = fields.Integer(required=True)
    running_oldest_s = _seconds("Seconds since it was submitted.")
    running_oldest_id = fields.String(required=True, allow_none=True)


class OwnSchema(Schema):
    """Of the caller's key; everybody's where keys are off."""

    comparisons = fields.Nested(OpenSchema, required=True)
    batches = fields.Nested(OpenSchema, required=True)


class EngineSchema(Schema):
    """A pack in memory, what it computes on, and how many workers hold it so."""

    pack = fields.String(required=True)
    pack_digest = fields.String(required=True)
    provider = fields.String(required=True)
    workers = fields.Integer(required=True)


class HeldPackSchema(Schema):
    """A pack that a worker holds."""

    name = fields.String(required=True)
    digest = fields.String(required=True)
    provider = fields.String(required=True)


class WorkerSchema(Schema):
    """A process that takes messages. A courier shows neither packs nor times."""

    name = fields.String(required=True)
    answers = fields.Boolean(required=True, metadata={"description": "Within a second, when it was asked just now."})
    queues = fields.List(fields.String(), required=True)
    packs = fields.List(fields.Nested(HeldPackSchema), required=True)
    started_at = _time()
    silent_s = _seconds("For how long it has not taken a message that it sent to itself.")
    version = fields.String(required=True, allow_none=True)


class QueueSchema(Schema):
    """A queue of the broker."""

    name = fields.String(required=True)
    waiting = fields.Integer(required=True, metadata={"description": "Messages that no worker has taken."})
    oldest_s = fields.Float(
        required=True,
        allow_none=True,
        metadata={
            "description": "For how long what comes next has waited; 0 where nothing does. Null where RabbitMQ is the "
            "broker, which does not say; so is `taken`."
        },
    )
    workers = fields.List(fields.String(), required=True, metadata={"description": "Who takes from it, and answers."})


class DeliveryCountsSchema(Schema):
    """Deliveries of events, by status."""

    pending = fields.Integer(required=True)
    dead = fields.Integer(required=True)
    disabled = fields.Integer(required=True)
    pending_oldest_s = _seconds("Seconds since its event.")


class FindingSchema(Schema):
    """One part, how it is, and what to do where it is not well."""

    part = fields.String(required=True)
    verdict = fields.Enum(Verdict, by_value=True, required=True)
    found = fields.String(required=True)
    remedy = fields.String(required=True)


class DeploymentSchema(Schema):
    """Everything that an operator wants to know first."""

    versions = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    workers = fields.List(fields.Nested(WorkerSchema), required=True)
    queues = fields.List(fields.Nested(QueueSchema), required=True)
    taken = fields.Integer(required=True, allow_none=True, metadata={"description": "Messages that workers are at."})
    comparisons = fields.Nested(OpenSchema, required=True)
    batches = fields.Nested(OpenSchema, required=True)
    evaluations = fields.Nested(OpenSchema, required=True)
    deliveries = fields.Nested(DeliveryCountsSchema, required=True)
    why = fields.List(fields.String(), required=True, metadata={"description": "What keeps work waiting."})
    findings = fields.List(fields.Nested(FindingSchema), required=True)


class SystemSchema(Schema):
    """A deployment, as far as the caller may know."""

    at = _time(or_null=False, description="When it stood so.")
    version = fields.String(required=True)
    keys = fields.Boolean(required=True, metadata={"description": "Whether calls need an API key."})
    ready = fields.Boolean(required=True, metadata={"description": "As `/ready` has it; `checks` as well."})
    checks = fields.Dict(keys=fields.String(), values=fields.Nested(CheckSchema), required=True)
    engines = fields.List(
        fields.Nested(EngineSchema),
        required=True,
        allow_none=True,
        metadata={"description": "Null where Redis did not answer; so is `own`."},
    )
    own = fields.Nested(OwnSchema, required=True, allow_none=True)
    deployment = fields.Nested(
        DeploymentSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null for a key without the scope `admin`, and where Redis did not answer."},
    )


class KeySchema(Schema):
    """An API key, without its secret."""

    id = fields.String(required=True)
    owner = fields.String(
        required=True, metadata={"description": "What its jobs belong to: the first of a row of rotated keys."}
    )
    name = fields.String(required=True)
    created_at = _time(or_null=False)
    expires_at = _time(description="Null: never.")


class LimitSchema(Schema):
    """A limit and what is left of it; all null where there is none."""

    limit = fields.Integer(required=True, allow_none=True)
    remaining = fields.Integer(required=True, allow_none=True)
    reset_s = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Seconds until there is more; null: as jobs end."}
    )


class MeSchema(Schema):
    """Who asks, what that key may do, and what is left of it."""

    keys = fields.Boolean(required=True, metadata={"description": "Whether this deployment asks for keys."})
    key = fields.Nested(KeySchema, required=True, allow_none=True)
    scopes = fields.List(fields.Enum(Scope, by_value=True), required=True)
    sees = fields.String(
        required=True,
        validate=validate.OneOf(["own", "all"]),
        metadata={"description": "Whose jobs the lists show: those of this key's owner, or everybody's."},
    )
    limits = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(LimitSchema),
        required=True,
        metadata={
            "description": "`requests_per_minute`, `comparisons_per_day`; `queued` and `open_batches`, which may wait "
            "or run at a time."
        },
    )


class DatasetSchema(Schema):
    """An imported data set. What 0.1.0 did not record is null."""

    name = fields.String(required=True)
    digest = fields.String(required=True, metadata={"description": "Of its content."})
    track = fields.Enum(Track, by_value=True, required=True)
    images = fields.Integer(required=True)
    pairs = fields.Integer(required=True)
    shards = fields.Integer(required=True)
    kind = fields.String(required=True, allow_none=True)
    mated = fields.Integer(
        required=True, allow_none=True, metadata={"description": "How many of the pairs show one person."}
    )
    folds = fields.Integer(required=True, allow_none=True, metadata={"description": "0 where the pairs have none."})
    people = fields.Integer(required=True, allow_none=True, metadata={"description": "Null where nobody said who."})
    group_names = fields.List(fields.String(), required=True)


class DatasetListSchema(Schema):
    """Every imported data set, by name."""

    datasets = fields.List(fields.Nested(DatasetSchema), required=True)
