"""How long a client's request waits for servers that do not answer: once for some seconds, then hardly at all.

A command's does so for a server that has not answered it yet: one that hangs is named within five seconds, and one that
is slow at something large may take its time. Workers and the courier begin no patience, and wait as long as is usual.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from core.errors import LikenessError

#: What a request that has met one silence grants to everything after it: it still undoes what it can.
AFTERWARDS_S = 0.5
#: For a server's first answer to a command, which has taken a second to begin.
COMMAND_S = 3.0


@dataclass(slots=True)
class Patience:
    """Of one request. `silences` are the errors of the servers that it waited for in vain."""

    silences: set[type[LikenessError]] = field(default_factory=set)
    #: Of a command: whoever has answered it.
    answered: set[type[LikenessError]] | None = None


#: A command's, whichever of its threads asks.
_of_command: Patience | None = None
_CURRENT: ContextVar[Patience | None] = ContextVar("patience", default=None)


def begin() -> Patience:
    """From here on, in this thread, a client waits; anew for each request."""
    patience = Patience()
    _CURRENT.set(patience)
    return patience


@contextmanager
def of_command() -> Iterator[None]:
    """Until the end of the block, in this process, somebody waits at a terminal."""
    global _of_command
    _of_command = Patience(answered=set())
    try:
        yield
    finally:
        _of_command = None


def granted_s(usual_s: float, *, first_s: float, server: type[LikenessError]) -> float:
    """How long to wait for a server, named by its error: `usual_s`, or, while a client waits, less.

    That is `first_s` until one has been silent, and for a command COMMAND_S until this one has answered.
    """
    patience = _patience()
    if patience is None:
        return usual_s
    if patience.silences:
        return min(usual_s, AFTERWARDS_S)
    if patience.answered is None:
        return min(usual_s, first_s)
    return usual_s if server in patience.answered else min(usual_s, COMMAND_S)


def note_silence(unavailable: type[LikenessError]) -> None:
    """A server, named by its error, did not answer in the time that it was granted."""
    if (patience := _patience()) is not None:
        patience.silences.add(unavailable)


def note_answer(server: type[LikenessError]) -> None:
    """A server, named by its error, has answered."""
    if _of_command is not None and _of_command.answered is not None:
        _of_command.answered.add(server)
        _of_command.silences.clear()


def _patience() -> Patience | None:
    return _of_command or _CURRENT.get()
