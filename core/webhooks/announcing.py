"""Telling the courier at once; it finds out by itself a little later."""

from contextlib import suppress

from core.errors import BrokerUnavailable
from core.messaging.broker import Enqueue, Tasks


def announce(enqueue: Enqueue, *event_ids: str | None) -> None:
    """Enqueue deliveries, where somebody wants to be called back. Losing a message loses nothing."""
    with suppress(BrokerUnavailable):
        for event_id in filter(None, event_ids):
            enqueue(Tasks.DELIVER, event_id)
