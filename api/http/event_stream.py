"""States as server-sent events (the HTML standard, 9.2), to the last of them."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from core.errors import LikenessError

log = structlog.get_logger()

MEDIA_TYPE = "text/event-stream"
#: A state that does not end a job is seen after so long, ...
LOOK_S = 0.5
#: ... and a client, or a proxy, hears something after so long.
HEARTBEAT_S = 15.0
#: A stream keeps a thread: after so long whoever follows asks again, and waits with all others.
LONGEST_S = 300.0
#: When to ask again.
RETRY_MS = 1000


@dataclass(frozen=True, slots=True)
class State:
    """How a job stands. `id` is another one when something of that has changed."""

    id: str
    document: Mapping[str, Any]
    is_last: bool

    @property
    def text(self) -> str:
        """As an event."""
        return f"id: {self.id}\nevent: status\ndata: {json.dumps(self.document, separators=(',', ':'))}\n\n"


def states(
    first: State,
    read: Callable[[], State],
    wait: Callable[[float], None],
    *,
    told: str | None,
    heartbeat_s: float = HEARTBEAT_S,
    longest_s: float = LONGEST_S,
) -> Iterator[str]:
    """The text of a stream: every state after the one whose id the client was told. Raises nothing of ours.

    `wait` returns when there may be another state, at the latest after as many seconds as it is given.
    """
    yield f"retry: {RETRY_MS}\n\n"
    state, began = first, time.monotonic()
    spoke_at = began
    while True:
        now = time.monotonic()
        if state.id != told:
            told, spoke_at = state.id, now
            yield state.text
        elif now - spoke_at >= heartbeat_s:
            spoke_at = now
            yield ": nothing new\n\n"
        if state.is_last or now - began >= longest_s:
            return
        try:
            wait(min(LOOK_S, heartbeat_s))
            state = read()
        except LikenessError as error:  # it was erased, or a server is away: who asks again is told
            log.info("events_broken_off", why=str(error))
            return
