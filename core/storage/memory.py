"""Objects in this process's memory: for tests, as strict as a store on S3; one contract suite holds both to it."""

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core.errors import ObjectNotFound, StoreUnavailable


@dataclass(frozen=True, slots=True)
class Kept:
    """A body, and when it was written, in seconds since the epoch."""

    body: bytes
    written_at: float = field(default_factory=time.time)


class MemoryObjects:
    """`core.storage.objects.Objects` without a server. While `is_away`, it does not answer."""

    def __init__(self) -> None:
        self.is_away = False
        self._kept: dict[str, Kept] = {}
        self._lock = threading.Lock()

    def ping(self) -> None:
        """Raise StoreUnavailable while it is away."""
        self._answer()

    def put(self, key: str, body: bytes, media_type: str = "application/octet-stream") -> None:
        """Store `body`, replacing what was there. Nobody can ask for the media type."""
        self._answer()
        with self._lock:
            self._kept[key] = Kept(body)

    def put_sealed(self, key: str, *bodies: bytes) -> None:
        """The same, of bodies one after another."""
        self.put(key, b"".join(bodies))

    def get(self, key: str) -> bytes:
        """Raise ObjectNotFound for a missing key."""
        self._answer()
        with self._lock:
            kept = self._kept.get(key)
        if kept is None:
            raise ObjectNotFound(f"no object is stored under {key!r}")
        return kept.body

    def get_part(self, key: str, offset: int, size_bytes: int) -> bytes:
        """So many bytes of an object, from `offset` on. Raise ObjectNotFound for a missing key."""
        return self.get(key)[offset : offset + size_bytes]

    def exists(self, key: str) -> bool:
        """Whether there is an object under `key`."""
        self._answer()
        with self._lock:
            return key in self._kept

    def size_bytes(self, key: str, *, sse_key: bytes | None = None) -> int:
        """How many bytes an object has. Raise ObjectNotFound for a missing key."""
        return len(self.get(key))

    def get_first(self, key: str, most_bytes: int, *, sse_key: bytes | None = None) -> bytes:
        """So many bytes of an object, from its beginning. Raise ObjectNotFound for a missing key."""
        return self.get(key)[:most_bytes]

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key that begins with `prefix`, as they were when the first was asked for."""
        yield from (key for key, _ in self._beginning_with(prefix))

    def older_than(self, prefix: str, age_s: float) -> Iterator[tuple[str, int]]:
        """Key and size of every object that begins with `prefix` and was written more than `age_s` seconds ago."""
        before = time.time() - age_s
        yield from ((key, len(kept.body)) for key, kept in self._beginning_with(prefix) if kept.written_at < before)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete at once; a key that is not there is no error, and without any the store is not asked."""
        due = list(keys)
        if due:
            self._answer()
        with self._lock:
            for key in due:
                self._kept.pop(key, None)

    def _answer(self) -> None:
        if self.is_away:
            raise StoreUnavailable("the object store did not answer: it is away")

    def _beginning_with(self, prefix: str) -> list[tuple[str, Kept]]:
        self._answer()
        with self._lock:
            return [(key, kept) for key, kept in self._kept.items() if key.startswith(prefix)]
