"""An upload: one photograph that a client announces, puts into the object store, and names in one submission."""

import re
from dataclasses import dataclass, field

from core.comparisons.images import ImageFacts
from core.comparisons.sealing import SealKey

#: Where they lie in the object store, and nothing else: in clear, or encrypted by the store with `seal_key`.
UPLOADS = "uploads/"
#: What `new_id("upl")` makes.
UPLOAD_ID = re.compile(r"upl_[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Upload:
    """What was announced, and what became of it. Times are seconds since the epoch, UTC."""

    id: str
    #: Id of the API key that announced it, the first of a row of rotated ones; None where no keys are asked for.
    owner: str | None
    #: Of the photograph, as announced; what is put must have exactly so many.
    size_bytes: int
    media_type: str
    created_at: float
    #: Until then it can be put, and named.
    expires_at: float
    #: Of the photograph, as announced, as hexadecimal digits; None where its client did not say.
    sha256: str | None = None
    #: The key of the record that has taken it: `job:cmp_...`; None where nothing has.
    taken_by: str | None = None
    #: What the store encrypts it with, and does not keep; None where it lies in clear, or is over.
    seal_key: SealKey | None = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """Of its object."""
        return object_key(self.id)

    @property
    def announced(self) -> ImageFacts:
        """What is known before anybody has read it: neither width nor height."""
        return ImageFacts(self.media_type, 0, 0, self.size_bytes, self.sha256 or "")

    def status_at(self, now: float) -> str:
        """`open`, `used` or `expired`."""
        if self.taken_by:
            return "used"
        return "open" if now < self.expires_at else "expired"


def object_key(upload_id: str) -> str:
    """Where an upload lies in the object store."""
    return f"{UPLOADS}{upload_id}"


def url_of(upload_id: str) -> str:
    """Where the API shows the upload."""
    return f"/v1/uploads/{upload_id}"
