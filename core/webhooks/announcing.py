"""Telling the courier at once; it finds out by itself a little later."""

from contextlib import suppress

from core.errors import BrokerUnavailable
from core.messaging.broker import Enqueue, Tasks


def announce(enqueue: Enqueue, event_id: str | None) -> None:
    """Enqueue the delivery of an event, where somebody wants to be called back. Losing the message loses nothing."""
    if event_id:
        with suppress(BrokerUnavailable):
            enqueue(Tasks.DELIVER, event_id)
