"""News of records that have ended: one subscription a process, however many of its threads wait."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import redis
import structlog

log = structlog.get_logger()

#: A subscription that nobody has used for this long is given up; the next one who waits makes another.
IDLE_S = 30.0


@dataclass(slots=True, eq=False)
class News:
    """What somebody waits for."""

    has_come: threading.Event = field(default_factory=threading.Event)
    #: As it was published; empty where somebody is only to look for himself.
    text: str = ""


class Endings:
    """Wakes whoever waits for a channel that matches `pattern`.

    News may be lost when the server restarts: whoever waits has to look for himself now and then.
    """

    def __init__(self, client: Any, pattern: str) -> None:
        self._redis = client
        self._pattern = pattern
        self._waiting: dict[str, set[News]] = {}
        self._last_used = 0.0
        self._thread: threading.Thread | None = None
        self._is_listening = threading.Event()
        self._lock = threading.Lock()

    @contextmanager
    def watch(self, channel: str) -> Iterator[News]:
        """What the channel has to tell from before this returns; hand it to `wait`."""
        news = News()
        with self._lock:
            self._waiting.setdefault(channel, set()).add(news)
        try:
            self._listen_if_nobody_does()
            yield news
        finally:
            with self._lock:
                self._waiting[channel].discard(news)
                if not self._waiting[channel]:
                    del self._waiting[channel]

    def wait(self, news: News, timeout_s: float) -> str:
        """What was published, as soon as it is; nothing after so many seconds, or where one has to look for himself."""
        self._listen_if_nobody_does()
        news.has_come.wait(timeout_s)
        news.has_come.clear()
        return news.text

    def _listen_if_nobody_does(self) -> None:
        with self._lock:
            self._last_used = time.monotonic()
            if self._thread is None:
                self._is_listening.clear()
                self._thread = threading.Thread(target=self._listen, name="endings", daemon=True)
                self._thread.start()
        self._is_listening.wait(2)

    def _listen(self) -> None:
        try:
            with self._redis.pubsub() as subscription:
                subscription.psubscribe(self._pattern)
                while self._goes_on():
                    self._take(subscription.get_message(timeout=1.0))
        except (redis.RedisError, OSError) as error:
            log.warning("news_interrupted", why=str(error))
            with self._lock:  # whoever waits looks for himself, and so finds out
                self._thread = None
                self._is_listening.set()
                for news in set[News]().union(*self._waiting.values()):
                    news.has_come.set()

    def _goes_on(self) -> bool:
        with self._lock:
            if self._waiting or time.monotonic() - self._last_used < IDLE_S:
                return True
            self._thread = None
            return False

    def _take(self, message: dict[str, Any] | None) -> None:
        match message:
            case {"type": "psubscribe"}:
                self._is_listening.set()
            case {"type": "pmessage", "channel": channel, "data": text}:
                with self._lock:
                    for news in self._waiting.get(channel, ()):
                        news.text = text
                        news.has_come.set()
