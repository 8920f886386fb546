"""Which servers have just let a request wait in vain: for a moment, nobody else waits for them.

Requests that come meanwhile are refused at once. Otherwise they would queue for threads behind those that wait, and so
wait for longer than one does.
"""

import time
from collections.abc import Callable

from core.errors import LikenessError, RabbitUnavailable, StoreUnavailable

#: Then one may find out whether it answers again.
REFUSED_FOR_S = 1.0
#: What nobody needs who submits nothing.
OF_UPLOADS = (StoreUnavailable, RabbitUnavailable)
#: A server that has answered somebody within this time is slow, or has much to do for one, and not silent. Less than a
#: request waits, so that the first one that a hanging server lets wait finds it silent.
ANSWERED_S = 2.0


class Silences:
    """Until when nobody waits for which server, by its error."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[type[LikenessError], float] = {}
        self._answered: dict[type[LikenessError], float] = {}

    def note(self, unavailable: type[LikenessError]) -> None:
        """A request has waited for it in vain: others need not, unless it answered one of them meanwhile."""
        now = self._clock()
        if now - self._answered.get(unavailable, float("-inf")) >= ANSWERED_S:
            self._until[unavailable] = now + REFUSED_FOR_S

    def answered(self, server: type[LikenessError]) -> None:
        """It has done just now what a request asked of it."""
        self._answered[server] = self._clock()

    def end(self, *unavailable: type[LikenessError]) -> None:
        """It answers again."""
        for server in unavailable:
            self._until.pop(server, None)

    def check(self, *, uploads: bool) -> None:
        """Raise the error of a server that was silent just now; of the object store or RabbitMQ for uploads alone."""
        for unavailable, until in list(self._until.items()):
            if self._clock() < until and (uploads or unavailable not in OF_UPLOADS):
                raise unavailable(f"{(unavailable.__doc__ or '').strip()} Just now, to another request")
