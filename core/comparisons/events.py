"""What an event says, fixed at the moment it happens. Thin: ids and the decision; no image, no embedding."""

import json
from typing import Any

from core.comparisons.document import event_data
from core.comparisons.jobs import Job
from core.storage.records import DELIVERIES_DUE, DELIVERY, Outgoing
from core.times import rfc3339
from core.webhooks.deliveries import DeliveryStatus, host_key

#: Whoever made the transition enqueues the delivery; the sweeper looks after this long, in case it could not.
HEAD_START_S = 2.0


def outgoing_event(job: Job, ended_at: float) -> Outgoing | None:
    """The one delivery of this job's ending, to be written with its status; None where nobody asked for it."""
    if not job.event_id or not job.request.callback_url:
        return None
    event_type = f"comparison.{job.status}"
    return Outgoing(
        kind=DELIVERY,
        id=job.event_id,
        status=DeliveryStatus.PENDING,
        due_index=DELIVERIES_DUE,
        due_at=ended_at + HEAD_START_S,
        fields={
            "job_id": job.id,
            "url": job.request.callback_url,
            "host": host_key(job.request.callback_url, job.owner),
            "type": event_type,
            "body": event_body(event_type, ended_at, event_data(job)),
            "created_at": ended_at,
            "due_at": ended_at,
        },
    )


def event_body(event_type: str, at: float, data: dict[str, Any]) -> str:
    """The exact text that is sent: every attempt sends the same."""
    document = {"type": event_type, "timestamp": rfc3339(at), "data": data}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
