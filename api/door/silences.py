"""Which servers have just let a request wait in vain: for a moment, nobody else waits for them.

Requests that come meanwhile are refused at once. Otherwise they would queue for threads behind those that wait, and so
wait for longer than one does.
"""

import time

from core.errors import LikenessError, StoreUnavailable

#: Then one may find out whether it answers again.
REFUSED_FOR_S = 1.0


class Silences:
    """Until when nobody waits for which server, by its error."""

    def __init__(self) -> None:
        self._until: dict[type[LikenessError], float] = {}

    def note(self, unavailable: type[LikenessError]) -> None:
        """A request has waited for it in vain."""
        self._until[unavailable] = time.monotonic() + REFUSED_FOR_S

    def end(self, *unavailable: type[LikenessError]) -> None:
        """It answers again."""
        for server in unavailable:
            self._until.pop(server, None)

    def check(self, *, uploads: bool) -> None:
        """Raise the error of a server that was silent just now; of the object store for uploads alone."""
        for unavailable, until in list(self._until.items()):
            if time.monotonic() < until and (uploads or unavailable is not StoreUnavailable):
                raise unavailable(f"{(unavailable.__doc__ or '').strip()} Just now, to another request")
