"""What an ending is told with: one body, and a delivery for each place that it goes to."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from core.storage.lifecycle import new_id
from core.storage.records import Outgoing
from core.times import rfc3339
from core.webhooks.endpoints import Endpoint
from core.webhooks.outbox import outgoing_delivery

#: Whoever made the transition enqueues the delivery; the sweeper looks after this long, in case it could not.
HEAD_START_S = 2.0


def outgoing_endings(
    subject: str,
    event_type: str,
    data: Callable[[], dict[str, Any]],
    *,
    owner: str | None,
    callback: tuple[str | None, str | None],
    ended_at: float,
    endpoints: Sequence[Endpoint],
) -> tuple[Outgoing, ...]:
    """The deliveries of an ending, whatever has ended. `callback`: an event's id, and the URL it goes to."""
    told: dict[str, dict[str, str]] = {}
    event_id, callback_url = callback
    if event_id and callback_url:
        told[event_id] = {"url": callback_url}
    told |= {new_id("evt"): {"url": endpoint.url, "endpoint": endpoint.id} for endpoint in endpoints}
    body = event_body(event_type, ended_at, data()) if told else ""
    return tuple(
        outgoing_delivery(
            event_id,
            {"job_id": subject, "type": event_type, "body": body, **where},
            owner=owner,
            created_at=ended_at,
            due_at=ended_at + HEAD_START_S,
        )
        for event_id, where in told.items()
    )


def event_body(event_type: str, at: float, data: dict[str, Any]) -> str:
    """The exact text that is sent: every attempt sends the same."""
    document = {"type": event_type, "timestamp": rfc3339(at), "data": data}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
