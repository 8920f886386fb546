"""Telling the courier at once; it finds out by itself a little later."""

from contextlib import suppress

from celery import Celery

from core.broker import Tasks, enqueue
from core.errors import BrokerUnavailable
from core.jobs import Job


def announce(celery: Celery, job: Job) -> None:
    """Enqueue the delivery of an ended job, if somebody wants to be called back. Losing the message loses nothing."""
    if job.event_id:
        with suppress(BrokerUnavailable):
            enqueue(celery, Tasks.DELIVER, job.event_id)
