"""A comparison job: what was asked for and what became of it."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.comparisons.images import ImageFacts
from core.comparisons.sealing import SealKey
from core.errors import ImagesDamaged
from core.liveness import NO_LIVENESS, Liveness
from core.quality import QualityRule
from core.storage.lifecycle import Failure, Status
from core.traces import Origin
from core.vocabulary import Compared, FailureToAcquire, ImageFormat, NotAcquired, Policy, Result, Side, Threshold

#: Where submitted images lie in the object store, and nothing else.
IMAGES = "comparisons/"
#: From so many pixels on, decoding an image in full is dear.
DEAR_PIXELS = 16_000_000
#: From so many bytes on, fetching and opening two images takes as long as comparing dozens; a telephone's have half.
DEAR_BYTES = 12 * 2**20
#: Of an image that is still to be fetched: nothing of it is stored.
NOT_FETCHED = ImageFacts("", 0, 0, 0, "")


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """What the client asked for. Both images lie in one object, reference first: one S3 call instead of two."""

    #: Its name in the list of packs.
    pack: str
    policy: Policy
    threshold: Threshold
    #: Of the one object in the object store that has both images.
    images_key: str
    reference: ImageFacts
    probe: ImageFacts
    #: The client's own, given back with the job and never looked at.
    metadata: dict[str, str]
    #: None where nobody asked to be called back.
    callback_url: str | None = None
    #: Where images are to be fetched, whose facts are NOT_FETCHED; forgotten once they are, for a URL may be a secret.
    urls: dict[Side, str] = field(default_factory=dict)
    quality: QualityRule = QualityRule.REPORT
    liveness: Liveness = NO_LIVENESS
    #: By when it has to be begun, seconds since the epoch, UTC; None: whenever somebody has time.
    expires_at: float | None = None
    #: The request that it came with.
    origin: Origin | None = None
    #: What the client has put into the object store itself, by the uploads' ids; their facts are NOT_FETCHED. Forgotten
    #: once a worker has looked at it and sealed it.
    uploads: dict[Side, str] = field(default_factory=dict)

    @property
    def is_stored(self) -> bool:
        """Whether there is an object under `images_key`: there is none before a worker has sealed two uploads."""
        return len(self.uploads) < len(Side)

    def split(self, body: bytes) -> tuple[bytes, bytes]:
        """The reference and the probe out of what was stored."""
        return body[: self.reference.size_bytes], body[self.reference.size_bytes :]


def are_dear(images: Iterable[ImageFacts]) -> bool:
    """Whether these take as long as dozens of photographs: by their bytes, or by pixels that are not decoded reduced.

    A PNG of 40 megapixels takes 1.5 s of CPU, a JPEG of 12, which is decoded reduced, ten milliseconds
    (docs/engine.md). One whose pixels nobody has counted yet may have as many as are accepted.
    """
    known = [image for image in images if image != NOT_FETCHED]
    if sum(image.size_bytes for image in known) > DEAR_BYTES:
        return True
    in_full = [image.width * image.height for image in known if image.media_type != ImageFormat.JPEG.media_type]
    return any(pixels > DEAR_PIXELS or not pixels for pixels in in_full)


@dataclass(frozen=True, slots=True)
class Job:
    """A client's request and what became of it. Times are seconds since the epoch, UTC."""

    id: str
    status: Status
    #: Counts the steps: it grows by one with each change of the status.
    version: int
    created_at: float
    request: ComparisonRequest
    #: Id of the API key that submitted it, the first of a row of rotated ones; None where no keys are asked for.
    owner: str | None = None
    #: When its images were stored, and it was recorded and enqueued; None of a job of 0.1.0.
    recorded_at: float | None = None
    #: How often it was started, but for starts that were handed back.
    attempts: int = 0
    #: How often its images were asked for at their URLs, in vain.
    fetches: int = 0
    #: The attempt that holds the lease, or held it last: a worker and something no other attempt has. None before the
    #: first.
    holder: str | None = None
    #: Of the latest attempt; None before the first.
    started_at: float | None = None
    #: None until the status is terminal.
    ended_at: float | None = None
    #: None unless it has succeeded.
    result: Result | None = None
    #: None unless it has failed.
    failure: Failure | None = None
    #: The one event that tells its end, however often that is delivered; None where nobody asked to be called back.
    event_id: str | None = None
    #: Ids of the deliveries that tell its end: that event's, and one for each endpoint that wanted it.
    deliveries: tuple[str, ...] = ()
    #: Opens its images. None once it is forgotten, which it is when they are due for erasure, and of a job whose images
    #: lie there as they came: one that was submitted to 0.1.0.
    seal_key: SealKey | None = field(default=None, repr=False)

    def open_images(self, stored: bytes) -> tuple[bytes, bytes]:
        """The reference and the probe out of the stored object. Raise ImagesDamaged."""
        body = self.seal_key.open(stored, name=self.id) if self.seal_key else stored
        if len(body) != self.request.reference.size_bytes + self.request.probe.size_bytes:
            raise ImagesDamaged
        return self.request.split(body)

    @property
    def is_late(self) -> bool:
        """Whether it was begun, for the first time, after it had to be."""
        deadline = self.request.expires_at
        return deadline is not None and self.attempts == 1 and (self.started_at or 0) > deadline

    @property
    def outcome(self) -> str | None:
        """`compared` or `not_acquired`; None until the job has succeeded."""
        return {Compared: "compared", NotAcquired: "not_acquired"}[type(self.result.outcome)] if self.result else None

    @property
    def score(self) -> float | None:
        """The comparison score; None when nothing was compared."""
        return self.result.outcome.score if self.result and isinstance(self.result.outcome, Compared) else None

    @property
    def failures_to_acquire(self) -> tuple[FailureToAcquire, ...]:
        """Why nothing was compared; empty otherwise."""
        outcome = self.result.outcome if self.result else None
        return outcome.failures if isinstance(outcome, NotAcquired) else ()


def new_images_key() -> str:
    """An unguessable object key, unrelated to the job's id."""
    return f"{IMAGES}{secrets.token_urlsafe(24)}"
