"""Milliseconds by step, and when each was."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter, time_ns

from core.traces import Mark


class Stopwatch:
    """Adds up the milliseconds of each named step. One thread's, like all watches; `add` those of another."""

    def __init__(self) -> None:
        self.laps_ms: dict[str, float] = {}
        self.marks: list[Mark] = []

    def add(self, laps_ms: Mapping[str, float]) -> None:
        """Add what another watch has measured."""
        for name, ms in laps_ms.items():
            self.laps_ms[name] = self.laps_ms.get(name, 0.0) + ms

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the body, also when it raises."""
        start, began_ns = perf_counter(), time_ns()
        try:
            yield
        finally:
            self.add({name: (perf_counter() - start) * 1000})
            self.marks.append(Mark(name, began_ns, time_ns()))
