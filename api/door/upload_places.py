"""Places for large bodies that are being read: each has a thread, and is in the memory of the process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class UploadPlaces:
    """How many a process reads at a time. No owner has more than half of the places."""

    def __init__(self, places: int) -> None:
        self.in_all = places
        self.of_owner = max(1, places // 2)
        self._taken: list[str | None] = []
        self._lock = threading.Lock()

    @contextmanager
    def place(self, owner: str | None) -> Iterator[bool]:
        """Whether there is a place, until the end of the block."""
        with self._lock:
            is_free = len(self._taken) < self.in_all
            is_granted = is_free and (owner is None or self._taken.count(owner) < self.of_owner)
            if is_granted:
                self._taken.append(owner)
        try:
            yield is_granted
        finally:
            if is_granted:
                with self._lock:
                    self._taken.remove(owner)
