"""How the deployment stands, asked of Redis and the workers now and then, however many want to know."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from core.deployment.standing import Standing, standing
from core.errors import RecordsUnavailable
from core.messaging.consumers import Consumers
from core.messaging.presence import Presence
from core.settings import Settings
from core.storage import patience

#: Whoever asks within so long is told the same: every worker has to answer for it.
FRESH_S = 3.0
#: Workers may take a second, Redis is asked four times.
LONGEST_S = 5.0


class Standings:
    """One look at a time, in a thread of its own. Connects when first asked."""

    def __init__(self, settings: Settings, presence: Presence) -> None:
        self._settings = settings
        self._presence = presence
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="standing")
        self._lock = threading.Lock()
        self._found: Future[Standing] | None = None
        self._began = float("-inf")
        self._consumers: Consumers | None = None

    def now(self) -> Standing:
        """As it is, or was a moment ago. Raise RedisUnavailable."""
        with self._lock:
            is_fresh = time.monotonic() - self._began < FRESH_S
            if self._found is None or (self._found.done() and not is_fresh):
                self._began = time.monotonic()
                self._found = self._pool.submit(self._look)
            found = self._found
        try:
            return found.result(LONGEST_S)
        except TimeoutError:
            raise RecordsUnavailable from None

    def _look(self) -> Standing:
        patience.begin()  # somebody waits, though not in this thread
        self._consumers = self._consumers or Consumers(self._settings)
        return standing(self._settings, presence=self._presence, hear=self._consumers.ask)
