"""Where a comparison waits: in the first lane, or in the second, there behind all keys that have fewer open."""

from collections.abc import Iterable
from typing import Final

from core.comparisons.images import ImageFacts
from core.comparisons.jobs import Job, are_dear
from core.comparisons.waiting import Waiting
from core.messaging.broker import Queues
from core.messaging.place import Place

#: From so many fair shares on, a key's jobs wait at the next of Celery's priorities that kombu keeps apart on Redis.
SHARES: Final = (4, 16, 64)
PRIORITIES: Final = (0, 3, 6, 9)


def place_of(job: Job, waiting: Waiting | None, fair_share: int, *, announced: Iterable[ImageFacts] = ()) -> Place:
    """For a job of a key that has these open already; None without keys: the first lane is everybody's.

    `announced` is what its client has said of images that it uploaded, which the worker holds it to.

    A key has the first lane for its fair share, and for a few of them while it has less than half of all that waits:
    who is held up by another key's load is not taken for busy. A dear job never has it: it would hold up whoever comes
    next for as long as dozens of others.
    """
    if waiting is None or waiting.open_of_owner is None:
        return Place(Queues.COMPARISONS)
    held = waiting.open_of_owner
    steps = sum(held >= shares * fair_share for shares in SHARES)
    is_few = held < fair_share or (steps == 0 and 2 * held < waiting.in_all)
    if is_few and not are_dear((job.request.reference, job.request.probe, *announced)):
        return Place(Queues.COMPARISONS)
    return Place(Queues.COMPARISONS_BUSY, PRIORITIES[steps])
