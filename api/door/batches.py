"""Whether a batch may come in now, in which lane its shards wait, and whose it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.door.caller import caller
from api.door.services import Services, services
from api.http.problems import Problem
from core.batches.batch import Batch
from core.errors import RecordNotFound
from core.messaging.broker import Queues

#: When to ask again: batches take seconds to minutes.
BATCH_RETRY_S = 10


@contextmanager
def admitted() -> Iterator[None]:
    """Before the body of a batch is read: hold open batches to their number, and take a place until the block ends."""
    settings, owner = services().settings.batches, caller().owner
    headers = {"Retry-After": str(BATCH_RETRY_S)}
    open_ = services().batches.open(owner)
    if (count := open_[None]) >= settings.max_open_batches:
        detail = (
            f"{count} batches wait or run; at most {settings.max_open_batches} may (LIKENESS_MAX_OPEN_BATCHES). "
            "Nothing was accepted: ask again later"
        )
        raise Problem(503, "queue_full", detail, headers=headers)
    if owner is not None and (count := open_[owner]) >= settings.max_open_batches_per_key:
        detail = (
            f"{count} batches of this key wait or run; at most {settings.max_open_batches_per_key} may "
            "(LIKENESS_MAX_OPEN_BATCHES_PER_KEY)"
        )
        raise Problem(429, "too_many_batches", detail, headers=headers)
    with services().upload_places.place(owner) as is_granted:
        if not is_granted:
            detail = (
                f"this process reads {settings.max_batch_uploads} batches at a time (LIKENESS_MAX_BATCH_UPLOADS), of "
                "one key half as many. Nothing was accepted: send it again"
            )
            raise Problem(503, "too_many_uploads", detail, headers=headers)
        yield


def lane_of(services: Services, owner: str | None) -> Callable[[int], str]:
    """Where a batch's shards wait, by their numbers: beyond a key's fair share, in the lane of the busy.

    Without keys each batch has its share.
    """
    waiting = services.shards.waiting(owner) if owner else 0
    share = services.settings.limits.fair_share
    return lambda number: Queues.BATCHES if waiting + number < share else Queues.BATCHES_BUSY


def visible_batch(batch_id: str) -> Batch:
    """The batch, if it is the caller's. Raise RecordNotFound otherwise: another's batch looks like none."""
    batch = services().batches.get(batch_id)
    sees = caller().sees
    if sees is not None and batch.owner != sees:
        raise RecordNotFound(f"no batch has the id {batch_id!r}")
    return batch
