"""What the event that tells a run's end says. Thin: what was asked for, and how it ended; the report is fetched."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.evaluations.runs import Run, url_of
from core.storage.records import Outgoing
from core.webhooks.endings import outgoing_endings
from core.webhooks.endpoints import Endpoint

#: Of what was asked for, these, in this order.
REQUEST_FIELDS = ("dataset", "track", "pack", "flip", "policy", "detection_size", "pairs", "images")
EVENT_FIELDS = ("id", "status", *REQUEST_FIELDS, "error", "owner")


def event_type_of(run: Run) -> str:
    """The type of the event that a run ended like this."""
    return f"evaluation.{run.status}"


def event_data(run: Run) -> dict[str, Any]:
    """An ended run in short, for whoever is called back."""
    return {
        "id": run.id,
        "status": run.status.value,
        **{name: getattr(run.request, name) for name in REQUEST_FIELDS},
        "error": asdict(run.failure) if run.failure else None,
        "owner": run.owner,
        "url": url_of(run.id),
    }


def outgoing_events(run: Run, ended_at: float, endpoints: Sequence[Endpoint]) -> tuple[Outgoing, ...]:
    """The deliveries of this run's ending, to be written with its status."""
    return outgoing_endings(
        run.id,
        event_type_of(run),
        lambda: event_data(run),
        owner=run.owner,
        callback=(run.event_id, run.request.callback_url),
        ended_at=ended_at,
        endpoints=endpoints,
    )
