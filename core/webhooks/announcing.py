"""Telling the courier at once; it finds out by itself a little later."""

from contextlib import suppress

from celery import Celery

from core.errors import BrokerUnavailable
from core.messaging.broker import Tasks, enqueue


def announce(celery: Celery, event_id: str | None) -> None:
    """Enqueue the delivery of an event, where somebody wants to be called back. Losing the message loses nothing."""
    if event_id:
        with suppress(BrokerUnavailable):
            enqueue(celery, Tasks.DELIVER, event_id)
