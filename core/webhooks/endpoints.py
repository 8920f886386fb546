"""Endpoints: URLs that an owner has registered, to be told of its jobs' endings, each with a secret of its own."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.errors import LikenessError, RecordNotFound
from core.settings.groups import RedisSettings
from core.storage import scripts
from core.storage.connection import connect, translated
from core.storage.lifecycle import new_id
from core.storage.records import Fields, number
from core.webhooks.signing import Keyring, new_secret

#: How long the secret that was replaced goes on signing beside the new one, unless said otherwise; and at the most.
GRACE_S = 86400.0
MOST_GRACE_S = 7 * 86400.0


class EventType(StrEnum):
    """What an endpoint may be told of."""

    SUCCEEDED = "comparison.succeeded"
    FAILED = "comparison.failed"
    CANCELLED = "comparison.cancelled"
    BATCH_SUCCEEDED = "batch.succeeded"
    BATCH_FAILED = "batch.failed"
    BATCH_CANCELLED = "batch.cancelled"
    EVALUATION_SUCCEEDED = "evaluation.succeeded"
    EVALUATION_FAILED = "evaluation.failed"
    EVALUATION_CANCELLED = "evaluation.cancelled"


#: What `test` sends, whatever an endpoint asked for.
TEST = "webhook.test"


class TooManyEndpoints(LikenessError):
    """The owner has as many endpoints as it may."""

    code = "too_many_endpoints"


class EndpointNotFound(RecordNotFound):
    """No endpoint has this id: it never existed, or was removed."""

    code = "endpoint_not_found"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registered URL. Times are seconds since the epoch, UTC."""

    id: str
    #: Whose jobs' endings are sent there; None where no keys are asked for.
    owner: str | None
    url: str
    event_types: tuple[str, ...]
    #: Nothing is sent to one that is not, by its owner's word or since its consumer answered 410.
    enabled: bool
    #: For people.
    description: str
    created_at: float
    changed_at: float
    secret: str = field(repr=False)
    #: The one before, which signs as well until then.
    old_secret: str | None = field(default=None, repr=False)
    old_secret_until: float | None = None

    def keyring_at(self, now: float) -> Keyring:
        """What signs at this time: while one secret replaces another, either verifies."""
        is_both = self.old_secret is not None and now < (self.old_secret_until or 0)
        return Keyring.parse(f"{self.secret},{self.old_secret}" if is_both else self.secret)


@dataclass(frozen=True, slots=True)
class EndpointPage:
    """Some endpoints."""

    #: Newest first.
    endpoints: tuple[Endpoint, ...]
    #: The following page begins after it; None at the end.
    next_id: str | None


class EndpointStore:
    """Endpoints by id. Connects when first used; raises RecordsUnavailable when the server is away."""

    def __init__(self, server: RedisSettings) -> None:
        self._redis = connect(server)
        self._create, self._change = (scripts.load(self._redis, f"endpoint_{name}") for name in ("create", "change"))

    def create(
        self,
        owner: str | None,
        url: str,
        event_types: Collection[str] = tuple(EventType),
        *,
        description: str = "",
        enabled: bool = True,
        most: int = 5,
    ) -> Endpoint:
        """A new endpoint, whose secret is to be shown this once. Raise TooManyEndpoints where there are `most`."""
        endpoint_id, now = new_id("ep"), time.time()
        fields = {
            **_written(url=url, event_types=event_types, description=description, enabled=enabled),
            **({"owner": owner} if owner else {}),
            "created_at": now,
            "changed_at": now,
            "secret": new_secret(),
        }
        with translated():
            is_created = self._create(
                keys=[_key(endpoint_id), _ALL, _of(owner)], args=[endpoint_id, most, *_flat(fields)]
            )
        if not is_created:
            raise TooManyEndpoints(
                f"there may be {most} endpoints (LIKENESS_WEBHOOK_MAX_ENDPOINTS): remove one, or change one"
            )
        return self.get(endpoint_id)

    def get(self, endpoint_id: str) -> Endpoint:
        """Raise EndpointNotFound for an id that is unknown or was removed."""
        endpoint = self.find(endpoint_id)
        if endpoint is None:
            raise EndpointNotFound(f"no endpoint has the id {endpoint_id!r}")
        return endpoint

    def find(self, endpoint_id: str) -> Endpoint | None:
        """None for an id that is unknown or was removed."""
        with translated():
            fields = self._redis.hgetall(_key(endpoint_id))
        return _endpoint(endpoint_id, fields) if fields else None

    def change(self, endpoint_id: str, **changes: Any) -> Endpoint:
        """Write `url`, `event_types`, `description` or `enabled`; what was sent stays. Raise EndpointNotFound."""
        return self._changed(endpoint_id, {**_written(**changes), "changed_at": time.time()})

    def rotate(self, endpoint_id: str, *, grace_s: float = GRACE_S) -> Endpoint:
        """A new secret, to be shown once; its own signs as well for `grace_s` seconds. Raise EndpointNotFound."""
        now = time.time()
        return self._changed(endpoint_id, {"changed_at": now}, new_secret(), now + grace_s)

    def remove(self, endpoint: Endpoint) -> None:
        """Forget it. What waits to be sent there is not sent any more."""
        with translated(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(_key(endpoint.id))
            pipeline.zrem(_ALL, endpoint.id)
            pipeline.zrem(_of(endpoint.owner), endpoint.id)
            pipeline.execute()

    def wanting(self, owner: str | None, event_type: str) -> tuple[Endpoint, ...]:
        """The owner's endpoints that are to be told of this now. One round trip where there are none."""
        with translated():
            ids = self._redis.zrange(_of(owner), 0, -1)
        found = self._read(ids) if ids else ()
        return tuple(endpoint for endpoint in found if endpoint.enabled and event_type in endpoint.event_types)

    def page(self, *, limit: int, after: str | None = None, owner: str | None = None) -> EndpointPage:
        """Up to `limit` endpoints older than the one called `after`, newest first; of one owner, or of all."""
        with translated():
            index, before = _of(owner) if owner else _ALL, f"({after}" if after else "+"
            ids = self._redis.zrevrangebylex(index, before, "-", start=0, num=limit + 1)
        return EndpointPage(self._read(ids[:limit]), ids[limit - 1] if len(ids) > limit else None)

    def _read(self, ids: Sequence[str]) -> tuple[Endpoint, ...]:
        with translated(), self._redis.pipeline(transaction=False) as pipeline:
            for endpoint_id in ids:
                pipeline.hgetall(_key(endpoint_id))
            records = pipeline.execute()
        return tuple(_endpoint(i, fields) for i, fields in zip(ids, records, strict=True) if fields)

    def _changed(
        self, endpoint_id: str, fields: dict[str, Any], secret: str = "", old_secret_until: float = 0.0
    ) -> Endpoint:
        with translated():
            self._change(keys=[_key(endpoint_id)], args=[secret, old_secret_until, *_flat(fields)])
        return self.get(endpoint_id)


_ALL = "endpoints"


def _key(endpoint_id: str) -> str:
    return f"endpoint:{endpoint_id}"


def _of(owner: str | None) -> str:
    return f"endpoints:of:{owner or ''}"


def _written(**facts: Any) -> dict[str, Any]:
    as_text: dict[str, Callable[[Any], str]] = {"event_types": ",".join, "enabled": lambda enabled: str(int(enabled))}
    return {name: as_text.get(name, str)(value) for name, value in facts.items()}


def _flat(fields: dict[str, Any]) -> list[Any]:
    return [part for item in fields.items() for part in item]


def _endpoint(endpoint_id: str, fields: Fields) -> Endpoint:
    return Endpoint(
        id=endpoint_id,
        owner=fields.get("owner"),
        url=fields["url"],
        event_types=tuple(fields["event_types"].split(",")),
        enabled=fields["enabled"] == "1",
        description=fields["description"],
        created_at=float(fields["created_at"]),
        changed_at=float(fields["changed_at"]),
        secret=fields["secret"],
        old_secret=fields.get("old_secret"),
        old_secret_until=number(fields, "old_secret_until"),
    )
