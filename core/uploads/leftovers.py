"""What clients have put and nobody is going to read: late, twice, or for what has ended meanwhile.

An upload that nobody names is erased when its time is over, by the list of erasures. This finds what comes after that.
"""

from collections.abc import Iterator

from core.comparisons.orphans import Orphan
from core.portions import portions
from core.settings.groups import UploadSettings
from core.storage.objects import Objects
from core.uploads.store import GRACE_S, UploadStore
from core.uploads.upload import UPLOADS


class Leftovers:
    """Finds and deletes them. Raises RecordsUnavailable or StoreUnavailable, having deleted what it could."""

    def __init__(self, store: UploadStore, objects: Objects, settings: UploadSettings) -> None:
        self._store = store
        self._objects = objects
        # Whatever is older belongs to an upload that has expired: it was put after it was announced.
        self._age_s = settings.expire_s + GRACE_S

    def find(self, age_s: float | None = None) -> Iterator[Orphan]:
        """Objects older than `age_s` (an upload's time if not given) that no unfinished job or batch has taken."""
        old = dict(self._objects.older_than(UPLOADS, self._age_s if age_s is None else age_s))
        needed = self._store.needed(key.removeprefix(UPLOADS) for key in old)
        yield from (Orphan(key, size) for key, size in old.items() if key.removeprefix(UPLOADS) not in needed)

    def sweep(self, age_s: float | None = None) -> int:
        """Delete them; returns how many."""
        keys = [orphan.key for orphan in self.find(age_s)]
        for portion in portions(keys):
            # First: what nobody can name any more is not deleted under anybody's hands.
            self._store.forget(key.removeprefix(UPLOADS) for key in portion)
            self._objects.delete(portion)
        return len(keys)
