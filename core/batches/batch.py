"""A batch: many pairs that are asked for together, and how far they have come."""

import secrets
from dataclasses import dataclass, field

from core.comparisons.sealing import SealKey
from core.quality import QualityRule
from core.storage.lifecycle import Failure, Status
from core.vocabulary import Policy, Threshold

#: Where the photographs of batches lie in the object store, and nothing else.
PHOTOGRAPHS = "batches/"


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What the client asked for. All photographs lie in one object, each sealed by itself."""

    #: Its name in the list of packs.
    pack: str
    policy: Policy
    threshold: Threshold
    quality: QualityRule
    #: Of the one object that has the photographs.
    images_key: str
    #: How many of each there are.
    pairs: int
    photographs: int
    shards: int
    #: The client's own, given back with the batch and never looked at.
    metadata: dict[str, str]
    #: None where nobody asked to be called back.
    callback_url: str | None = None
    #: By when it has to be begun, seconds since the epoch, UTC; None: whenever somebody has time.
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the pairs so far; those that are not counted are still to be judged."""

    matches: int = 0
    non_matches: int = 0
    not_acquired: int = 0
    failed: int = 0

    @property
    def compared(self) -> int:
        """Pairs that have a score."""
        return self.matches + self.non_matches

    @property
    def done(self) -> int:
        """Pairs that have a row."""
        return self.compared + self.not_acquired + self.failed


@dataclass(frozen=True, slots=True)
class Batch:
    """A client's request and what became of it. Times are seconds since the epoch, UTC."""

    id: str
    status: Status
    #: Counts the steps: it grows by one with each change of the status.
    version: int
    created_at: float
    request: BatchRequest
    counts: Counts = Counts()
    #: How many are still to be done.
    shards_left: int = 0
    #: Id of the API key that submitted it, the first of a row of rotated ones; None where no keys are asked for.
    owner: str | None = None
    #: None until a worker has begun.
    started_at: float | None = None
    #: None until the status is terminal.
    ended_at: float | None = None
    #: None unless it has failed.
    failure: Failure | None = None
    #: The one event that tells its end at the callback URL; None where nobody asked to be called back.
    event_id: str | None = None
    #: Ids of the deliveries that tell its end: that event's, and one for each endpoint that wanted it.
    deliveries: tuple[str, ...] = ()
    #: Opens its photographs. None once it is forgotten, which it is when they are due for erasure.
    seal_key: SealKey | None = field(default=None, repr=False)


def new_images_key() -> str:
    """An unguessable object key, unrelated to the batch's id."""
    return f"{PHOTOGRAPHS}{secrets.token_urlsafe(24)}"


def seal_name(batch_id: str, photograph: int) -> str:
    """What a photograph is sealed under: no other one of the batch passes for it."""
    return f"{batch_id} {photograph}"


def url_of(batch_id: str) -> str:
    """Where the API shows the batch."""
    return f"/v1/batches/{batch_id}"
