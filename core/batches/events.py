"""What the event that tells a batch's end says. Thin: ids and counts; no name of a photograph, no score."""

from collections.abc import Sequence
from typing import Any

from core.batches.batch import Batch
from core.batches.document import batch_document
from core.storage.records import Outgoing
from core.webhooks.endings import outgoing_endings
from core.webhooks.endpoints import Endpoint

#: An ended batch in short: these of its own, in this order, and where the whole of it can be read.
EVENT_FIELDS = ("id", "status", "pairs", "photographs", "counts", "threshold", "pack", "error", "metadata", "owner")


def event_type_of(batch: Batch) -> str:
    """The type of the event that a batch ended like this."""
    return f"batch.{batch.status}"


def event_data(batch: Batch) -> dict[str, Any]:
    """An ended batch in short, for whoever is called back."""
    document = batch_document(batch)
    return {**{name: document[name] for name in EVENT_FIELDS}, "url": document["urls"]["self"]}


def outgoing_events(batch: Batch, ended_at: float, endpoints: Sequence[Endpoint]) -> tuple[Outgoing, ...]:
    """The deliveries of this batch's ending, to be written with its status."""
    return outgoing_endings(
        batch.id,
        event_type_of(batch),
        lambda: event_data(batch),
        owner=batch.owner,
        callback=(batch.event_id, batch.request.callback_url),
        ended_at=ended_at,
        endpoints=endpoints,
    )
