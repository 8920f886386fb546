"""Milliseconds by step."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class Stopwatch:
    """Adds up the milliseconds of each named step; a step that runs for both sides is one sum."""

    def __init__(self) -> None:
        self.laps_ms: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the body, also when it raises."""
        start = perf_counter()
        try:
            yield
        finally:
            self.laps_ms[name] = self.laps_ms.get(name, 0.0) + (perf_counter() - start) * 1000
