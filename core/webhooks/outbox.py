"""Deliveries that are to be: written in the same step as the ending they tell, or by themselves."""

import hashlib
from collections.abc import Mapping

from core.storage.records import DELIVERIES_DUE, DELIVERY, Outgoing
from core.webhooks.deliveries import DeliveryStatus
from core.webhooks.destinations import true_destination


def host_key(url: str, owner: str | None = None) -> str:
    """An owner's attempts at one destination are counted under this name, however its URLs spell it."""
    return hashlib.sha256(f"{owner or ''} {true_destination(url)}".encode()).hexdigest()[:32]


def outgoing_delivery(
    event_id: str, fields: Mapping[str, str], *, owner: str | None, created_at: float, due_at: float
) -> Outgoing:
    """A delivery that is to be; `fields` are its url, type and body, and where they apply its job_id and endpoint.

    It may be attempted at once, if somebody says so, and is looked at from `due_at` on.
    """
    return Outgoing(
        kind=DELIVERY,
        id=event_id,
        status=DeliveryStatus.PENDING,
        due_index=DELIVERIES_DUE,
        due_at=due_at,
        fields={**fields, "host": host_key(fields["url"], owner), "created_at": created_at, "due_at": created_at},
    )
