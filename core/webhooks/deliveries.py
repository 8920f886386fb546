"""Deliveries of events: what is due, who is at it, what every attempt met with."""

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from core.settings.groups import RedisSettings, WebhookSettings
from core.storage import scripts
from core.storage.connection import connect, translated
from core.storage.lifecycle import new_id
from core.storage.reading import read, readable
from core.storage.records import DELIVERIES_DUE, DELIVERY, Fields, Outgoing, Records, number
from core.traces import Origin

#: A message that was handed out is looked for again after this long.
HANDED_OUT_S = 30.0
#: So many that are due are looked at in a round, and so many at most are handed out of one owner.
LOOKED_AT = 2000
MOST_OF_ONE_OWNER = 100
#: One owner's deliveries to one destination never keep more threads than these, in all couriers together.
ATTEMPTS_PER_HOST = 4
#: An owner's destination that let an attempt time out is tried among the retries for this long.
SLOW_S = 300
KEPT_ATTEMPTS = 50
MOST_DISABLED_URLS = 10_000


class DeliveryStatus(StrEnum):
    """Where a delivery is. All but `pending` are ends, until somebody replays it."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    DISABLED = "disabled"


#: Codes of an attempt that say what our own DNS knows.
_INNER = ("name_not_resolved", "callback_address_refused")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP request and its answer."""

    #: When it began, seconds since the epoch, UTC.
    at: float
    duration_ms: float
    #: Of HTTP; None where no answer came.
    status: int | None
    #: A code in place of the status; None where there is one.
    error: str | None
    #: For people.
    detail: str

    @property
    def as_told(self) -> "Attempt":
        """What its owner may know of it: not whether our own DNS has a name, how quickly it said so, nor an address."""
        if self.error not in _INNER:
            return self
        detail = "the name has no address, or one that callbacks may not go to"
        return Attempt(self.at, 0.0, None, "callback_unreachable", detail)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to one URL. Times are seconds since the epoch, UTC."""

    #: The event's; it never changes.
    id: str
    status: DeliveryStatus
    #: The job whose ending it tells; None for a test.
    job_id: str | None
    #: As of the job; None where no keys are asked for.
    owner: str | None
    #: Where it is sent: an endpoint's may have changed since.
    url: str
    #: The endpoint it is for; None where it goes to a job's callback URL.
    endpoint_id: str | None
    #: Of the event: `comparison.succeeded`, ...
    type: str
    #: The signed JSON, the same bytes in every attempt.
    body: str
    created_at: float
    #: Of the next attempt, or of the last one when none is left.
    due_at: float
    #: All requests ever begun.
    attempts: int
    #: Those that failed since the start or the last replay.
    failed_attempts: int
    #: The last attempts, oldest first.
    log: tuple[Attempt, ...]
    #: None while it is pending.
    ended_at: float | None
    #: Of the courier that has taken it; None while nobody has.
    lease: str | None
    #: When an attempt began whose courier died; known only to who takes the delivery after it, else None.
    interrupted_at: float | None = None
    #: How many attempts in a row ended like that, up to this one.
    interruptions: int = 0
    #: The request that its job came with.
    origin: Origin = field(default_factory=Origin)


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the couriers' threads, and how much of it one owner may have. Nobody's deliveries have no limit."""

    name: str
    #: Attempts at a time, in all couriers together.
    per_owner: int
    #: Whether destinations that are known to be slow are tried elsewhere.
    spares_slow: bool


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some deliveries."""

    #: Newest first.
    deliveries: tuple[Delivery, ...]
    #: The following page begins after it; None at the end.
    next_id: str | None


_LOG = TypeAdapter(tuple[Attempt, ...])


class DeliveryStore:
    """Deliveries by event id. Connects when first used; raises RecordsUnavailable when the server is away."""

    def __init__(self, server: RedisSettings, webhooks: WebhookSettings) -> None:
        self._redis = connect(server)
        self._records = Records(self._redis, DELIVERY)
        self._retention_s = webhooks.retention_s
        # Longer than an attempt can last: two couriers never send the same one at the same time.
        self._lease_s = webhooks.timeout_s + 5
        self._create, self._hand_out, self._take, self._settle, self._replay = (
            scripts.load(self._redis, f"delivery_{name}") for name in ("create", "hand_out", "take", "settle", "replay")
        )

    def create(self, outgoing: Outgoing, owner: str | None) -> Delivery:
        """Write a delivery that no ending brings about."""
        with translated():
            self._create(keys=[self._records.key(outgoing.id)], args=[json.dumps(outgoing.document), owner or ""])
        return self.get(outgoing.id)

    def get(self, event_id: str) -> Delivery:
        """Raise RecordNotFound for an id that is unknown, erased with its job, or past its retention.

        Raise RecordUnreadable for fields of another form.
        """
        return read(DELIVERY, event_id, self._records.get(event_id), _delivery)

    def page(
        self, *, limit: int, after: str | None = None, status: StrEnum | None = None, owner: str | None = None
    ) -> DeliveryPage:
        """Up to `limit` deliveries older than the one called `after`, newest first; of one owner, or of all."""
        page = self._records.page(limit=limit, after=after, status=status, owner=owner)
        return DeliveryPage(tuple(readable(DELIVERY, page.records, _delivery)), page.next_id)

    def hand_out(self, limit: int, shares: tuple[Share, Share] | None = None) -> Sequence[tuple[str, bool]]:
        """Up to `limit` deliveries that are due, by turns of their owners; each once in a while.

        As (event id, whether it is a retry): it failed before, or its destination is slow. What `take` would refuse at
        this moment is passed over; `shares` are those of first attempts and of retries.
        """
        now = time.time()
        with translated():
            found: list[str] = self._hand_out(
                keys=[DELIVERIES_DUE],
                args=[
                    *(now, now + HANDED_OUT_S, limit, f"{DELIVERY}:"),
                    *(LOOKED_AT, MOST_OF_ONE_OWNER, now + _soon(), ATTEMPTS_PER_HOST),
                    *(fact for share in shares or () for fact in (share.name, share.per_owner)),
                ],
            )
        return [(event_id, failed != "0") for event_id, failed in zip(found[::2], found[1::2], strict=True)]

    def take(self, event_id: str, share: Share | None = None) -> Delivery | None:
        """Take the delivery for one attempt; None when it is not due, not pending, or somebody else is at it.

        None as well when its destination, or its owner in this share of the threads, has as many as it may: then it is
        due again in a moment. An attempt whose courier died is told by `interrupted_at`; it is no failed one.
        """
        now = time.time()
        with translated():
            answer = self._take(
                keys=[f"{DELIVERY}:{event_id}", DELIVERIES_DUE],
                args=[
                    *(event_id, now, now + self._lease_s, new_id("lease"), ATTEMPTS_PER_HOST, now + _soon()),
                    *((share.name, share.per_owner, int(share.spares_slow)) if share else ("", "", 0)),
                ],
            )
        if not answer:
            return None
        fields = dict(zip(answer[1][::2], answer[1][1::2], strict=True))
        return _delivery(event_id, fields, interrupted_at=float(answer[0]) if answer[0] else None)

    def settle(
        self,
        delivery: Delivery,
        attempts: Sequence[Attempt],
        status: DeliveryStatus,
        *,
        retry_at: float | None = None,
        is_slow: bool = False,
    ) -> bool:
        """Record what came of a delivery that was taken; False when the lease had run out and another holds it now."""
        log = (*delivery.log, *attempts)[-KEPT_ATTEMPTS:]
        now = time.time()
        with translated():
            settled = self._settle(
                keys=[self._records.key(delivery.id), DELIVERIES_DUE],
                args=[
                    delivery.id,
                    delivery.lease or "",
                    status,
                    retry_at or "",
                    _LOG.dump_json(log),
                    now,
                    self._retention_s,
                    SLOW_S if is_slow else "",
                    delivery.url,
                ],
            )
        return bool(settled)

    def postpone(self, event_id: str) -> None:
        """Have the sweeper come back to it in a moment: nobody is free for it now."""
        with translated():
            self._redis.zadd(DELIVERIES_DUE, {event_id: time.time() + _soon()}, xx=True)

    def replay(self, event_id: str) -> Delivery:
        """Make the delivery due now, whatever its status, and its URL a place one may deliver to again."""
        delivery = self.get(event_id)
        with translated():
            self._redis.zrem(_disabled(delivery.owner), delivery.url)
            self._replay(keys=[self._records.key(event_id), DELIVERIES_DUE], args=[event_id, time.time()])
        return self.get(event_id)

    def disable_url(self, owner: str | None, url: str) -> None:
        """Its consumer said 410: later deliveries to this URL are not tried."""
        with translated():
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.zadd(_disabled(owner), {url: time.time()})
            pipeline.zremrangebyrank(_disabled(owner), 0, -MOST_DISABLED_URLS - 1)
            pipeline.execute()

    def is_disabled(self, owner: str | None, url: str) -> bool:
        """Whether the URL said 410 and nobody has replayed a delivery to it since."""
        with translated():
            return self._redis.zscore(_disabled(owner), url) is not None

    def forget_expired(self) -> int:
        """Drop index entries whose delivery has passed its retention; returns how many."""
        return self._records.forget_expired()


def _disabled(owner: str | None) -> str:
    return f"deliveries-disabled:{owner or ''}"


def _soon() -> float:
    return 0.5 + random.random()  # noqa: S311 (spreads load, hides nothing)


def _delivery(event_id: str, fields: Fields, *, interrupted_at: float | None = None) -> Delivery:
    plain: dict[str, Any] = {name: fields[name] for name in ("url", "type", "body")}
    return Delivery(
        id=event_id,
        status=DeliveryStatus(fields["status"]),
        owner=fields.get("owner"),
        job_id=fields.get("job_id"),
        endpoint_id=fields.get("endpoint"),
        created_at=float(fields["created_at"]),
        due_at=float(fields["due_at"]),
        attempts=int(fields.get("attempts", 0)),
        failed_attempts=int(fields.get("tries", 0)),
        log=_LOG.validate_json(fields.get("log", "[]")),
        ended_at=number(fields, "ended_at"),
        interruptions=int(fields.get("interruptions", 0)),
        lease=fields.get("lease"),
        interrupted_at=interrupted_at,
        origin=Origin(fields.get("request_id"), fields.get("traceparent")),
        **plain,
    )
