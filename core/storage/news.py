"""Waiting for what happens to one record: woken by its end, and looking now and then for the rest."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.settings.groups import RedisSettings
from core.storage.connection import connect
from core.storage.endings import Endings


class News:
    """Of the records of one kind. Connects when first used."""

    def __init__(self, server: RedisSettings, kind: str) -> None:
        self._kind = kind
        self._endings = Endings(connect(server), f"{kind}-ended:*")

    @contextmanager
    def of(self, record_id: str) -> Iterator[Callable[[float], None]]:
        """What returns when the record ends, at the latest after as many seconds as it is given."""
        with self._endings.watch(f"{self._kind}-ended:{record_id}") as news:

            def wait(timeout_s: float) -> None:
                self._endings.wait(news, timeout_s)

            yield wait
