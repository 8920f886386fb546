"""Which workers hear, and from which queues they take messages: they are asked, and a paused one does not answer."""

from collections.abc import Mapping

from core.messaging.broker import celery_app, publishing
from core.settings import Settings

#: A worker answers within milliseconds; one in a long inference takes up to some hundred.
ANSWER_S = 1.0


class Consumers:
    """Asks as often as one likes, with one app: each new one leaves a reply queue of its own to the broker."""

    def __init__(self, settings: Settings) -> None:
        self._app = celery_app("likeness-consumers", settings, answer_s=2.0)

    def ask(self) -> Mapping[str, tuple[str, ...]]:
        """The queues of each worker that answers within a second, by its name: `engine@host`. Raise BrokerUnavailable.

        From one thread alone.
        """
        with publishing(self._app):
            answers = self._app.control.broadcast("active_queues", reply=True, timeout=ANSWER_S) or []
        found = {name: queues for answer in answers for name, queues in answer.items()}
        return {name: tuple(sorted(queue["name"] for queue in found[name])) for name in sorted(found)}

    def close(self) -> None:
        """Ask no more."""
        self._app.close()


def consumers(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    """Ask once. Raise BrokerUnavailable."""
    asking = Consumers(settings)
    try:
        return asking.ask()
    finally:
        asking.close()
