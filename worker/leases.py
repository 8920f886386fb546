"""Holding on to running jobs: while a worker is at work on one, it says so again and again."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from core.errors import LikenessError
from core.every import Every

log = structlog.get_logger()

#: A comparison that is not over by then hangs: its lease runs out, and another worker tries.
LONGEST_S = 300.0


@dataclass(frozen=True, slots=True)
class Held:
    """A job this process is at work on, and since when (monotonic)."""

    job_id: str
    since: float


class Leased(Protocol):
    """Records that are held while they run."""

    def renew(self, job_id: str, holder: str, /) -> bool:
        """False when it has ended or another holds it."""
        ...


class Leases:
    """The jobs this process runs, by holder. A thread renews their leases three times as often as they run out.

    One that is not over after `longest_s` hangs.
    """

    def __init__(self, jobs: Leased, lease_s: float, *, longest_s: float = LONGEST_S) -> None:
        self._jobs = jobs
        self._longest_s = longest_s
        self._held: dict[str, Held] = {}
        self._every = Every(lease_s / 3, self._renew, name="leases")

    def start(self) -> None:
        """Begin to renew."""
        self._every.start()

    def stop(self) -> None:
        """Renew no more: what is not finished now is another worker's."""
        self._every.stop()

    @property
    def count(self) -> int:
        """How many jobs are held."""
        return len(self._held)

    @contextmanager
    def hold(self, job_id: str, holder: str) -> Iterator[None]:
        """Keep the job's lease; at the end it is let go, and runs out unless the job has ended."""
        self._held[holder] = Held(job_id, time.monotonic())
        try:
            yield
        finally:
            del self._held[holder]

    def _renew(self) -> None:
        for holder, held in list(self._held.items()):
            if time.monotonic() - held.since > self._longest_s:
                log.error("comparison_hangs", job_id=held.job_id)
                continue
            try:
                self._jobs.renew(held.job_id, holder)
            except LikenessError as error:
                log.warning("lease_not_renewed", job_id=held.job_id, why=str(error))
