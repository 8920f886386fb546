"""How long a client's request waits for servers that do not answer: once for some seconds, then hardly at all.

Whoever has no client waiting, a worker or a command, begins no patience, and waits as long as is usual there.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field

from core.errors import LikenessError

#: What a request that has met one silence grants to everything after it: it still undoes what it can.
AFTERWARDS_S = 0.5


@dataclass(slots=True)
class Patience:
    """Of one request. `silences` are the errors of the servers that it waited for in vain."""

    silences: set[type[LikenessError]] = field(default_factory=set)


_CURRENT: ContextVar[Patience | None] = ContextVar("patience", default=None)


def begin() -> Patience:
    """From here on, in this thread, a client waits; anew for each request."""
    patience = Patience()
    _CURRENT.set(patience)
    return patience


def granted_s(usual_s: float, *, first_s: float) -> float:
    """How long to wait for a server: `usual_s`, or, while a client waits, `first_s` until one has been silent."""
    patience = _CURRENT.get()
    if patience is None:
        return usual_s
    return min(usual_s, AFTERWARDS_S if patience.silences else first_s)


def note_silence(unavailable: type[LikenessError]) -> None:
    """A server, named by its error, did not answer in the time that it was granted."""
    if (patience := _CURRENT.get()) is not None:
        patience.silences.add(unavailable)
