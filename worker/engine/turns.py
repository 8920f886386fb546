"""Who may compute now: a device, or a machine's cores, given out to one thread after the other."""

import heapq
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from worker.engine.contract import Priority

#: While interactive work waits, an evaluation's is passed over so often, then has a turn: it slows down, never stops.
TURNS_PASSED_OVER = 16


@dataclass(order=True, slots=True)
class Ticket:
    """A place in the line. Exactly one of two things becomes of it: a turn, or its withdrawal."""

    #: When the piece of work began, monotonic seconds.
    since: float
    #: Tells apart tickets of one moment.
    number: int
    #: Whether the turn is given.
    is_granted: bool = field(default=False, compare=False)
    #: Set when it is granted or withdrawn.
    is_over: threading.Event = field(default_factory=threading.Event, compare=False)

    def wait(self) -> bool:
        """Whether it is our turn; False when the ticket was withdrawn."""
        self.is_over.wait()
        return self.is_granted


class Turns:
    """So many at a time; interactive work before an evaluation's, and of each who has waited longest."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._free = places
        self._lines: dict[Priority, list[Ticket]] = {priority: [] for priority in Priority}
        self._passed_over = 0
        self._numbers = count()
        self._lock = threading.Lock()

    @property
    def free(self) -> int:
        """Places that nobody has, as of now."""
        return self._free

    @contextmanager
    def turn(self, priority: Priority, since: float | None = None) -> Iterator[None]:
        """Wait for a turn and hold it. `since`: when the whole piece of work began (monotonic)."""
        self.line_up(priority, since).wait()
        try:
            yield
        finally:
            self.give_back()

    def line_up(self, priority: Priority, since: float | None = None) -> Ticket:
        """Ask for a turn. Whoever gets it gives it back."""
        ticket = Ticket(time.monotonic() if since is None else since, next(self._numbers))
        with self._lock:
            if self._free:  # then nobody waits
                self._free -= 1
                self._grant(ticket)
            else:
                heapq.heappush(self._lines[priority], ticket)
        return ticket

    def withdraw(self, ticket: Ticket) -> None:
        """No turn is needed any more; without effect on a ticket that has been granted."""
        with self._lock:
            ticket.is_over.set()

    def give_back(self) -> None:
        """End a turn: it passes to the next in line."""
        with self._lock:
            while (line := self._next_line()) is not None:
                ticket = heapq.heappop(line)
                if not ticket.is_over.is_set():
                    self._grant(ticket)
                    return
            self._free += 1

    def _next_line(self) -> list[Ticket] | None:
        first, second = self._lines[Priority.INTERACTIVE], self._lines[Priority.EVALUATION]
        if first and (not second or self._passed_over < TURNS_PASSED_OVER):
            self._passed_over += bool(second)
            return first
        self._passed_over = 0
        return second or None

    @staticmethod
    def _grant(ticket: Ticket) -> None:
        ticket.is_granted = True
        ticket.is_over.set()


@dataclass(frozen=True, slots=True)
class Machine:
    """What a process computes on, shared by all its engines: its cores, and a GPU that runs one batch at a time."""

    cores: Turns
    gpu: Turns

    @classmethod
    def of(cls, threads: int) -> "Machine":
        """So many threads compute at a time."""
        return cls(Turns(threads), Turns(1))
