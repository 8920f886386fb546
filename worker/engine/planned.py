"""A session for each batch size. cuDNN plans every convolution anew where a session's batch changes its size.

With SFace that took 370 to 470 ms a change on an H100, beside 1.1 to 5.4 for a batch, and `cudnn_conv_algo_search` does
not help (docs/performance/gpu.md).
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

#: Batch sizes there: few, for each has the weights in memory once more, and two faces take as long as one.
PLANNED = (2, 8, 32)


class PlannedSessions:
    """Runs a graph as a session does; each batch size by a session of its own, made when it first comes."""

    def __init__(self, first: Any, make: Callable[[], Any]) -> None:
        """`first`: a session that has run nothing. `make`: another like it; raises ProviderUnavailable."""
        self._unused = [first]
        self._make = make
        self._by_size: dict[int, Any] = {}
        self._lock = threading.Lock()

    def run(self, outputs: Sequence[str], feeds: Mapping[str, np.ndarray[Any, Any]]) -> list[Any]:
        """Every output."""
        found: list[Any] = self._session_for(len(next(iter(feeds.values())))).run(outputs, feeds)
        return found

    @property
    def sizes(self) -> tuple[int, ...]:
        """Batch sizes that have come so far."""
        return tuple(self._by_size)

    def get_providers(self) -> list[str]:
        """What the sessions run on: they are all made alike."""
        providers: list[str] = [*self._unused, *self._by_size.values()][0].get_providers()
        return providers

    def _session_for(self, size: int) -> Any:
        with self._lock:
            if size not in self._by_size:
                self._by_size[size] = self._unused.pop() if self._unused else self._make()
            return self._by_size[size]
