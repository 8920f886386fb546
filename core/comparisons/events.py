"""What an event says, fixed at the moment it happens. Thin: ids and the decision; no image, no embedding."""

from collections.abc import Sequence

from core.comparisons.document import event_data
from core.comparisons.jobs import Job
from core.storage.records import Outgoing
from core.webhooks.endings import outgoing_endings
from core.webhooks.endpoints import Endpoint


def event_type_of(job: Job) -> str:
    """The type of the event that a job ended like this."""
    return f"comparison.{job.status}"


def outgoing_events(job: Job, ended_at: float, endpoints: Sequence[Endpoint]) -> tuple[Outgoing, ...]:
    """The deliveries of this job's ending, to be written with its status: to its callback URL, and to each endpoint."""
    return outgoing_endings(
        job.id,
        event_type_of(job),
        lambda: event_data(job),
        owner=job.owner,
        callback=(job.event_id, job.request.callback_url),
        ended_at=ended_at,
        endpoints=endpoints,
    )
