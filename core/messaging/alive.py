"""A file that a worker touches while its event loop turns: a health check looks at it and starts no Python."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from celery import Celery, bootsteps

EVERY_S = 5.0


def show(app: Celery, path: Path) -> None:
    """Touch the file every five seconds while the workers of this app are connected and take messages.

    `celery inspect ping`, the usual check, imports the application each time: 0.8 to 1.7 s of CPU, two thirds of what
    an idle stack of containers used.
    """

    class AliveFile(bootsteps.StartStopStep):  # type: ignore[misc]
        """Begins anew with each connection: a consumer that loses its broker clears its timers."""

        requires = {"celery.worker.consumer.tasks:Tasks"}
        _timer: Any = None

        def start(self, consumer: Any) -> None:
            path.touch()
            self._timer = consumer.timer.call_repeatedly(EVERY_S, path.touch)

        def stop(self, consumer: Any) -> None:
            if self._timer:
                self._timer.cancel()

        shutdown: Callable[..., None] = stop

    app.steps["consumer"].add(AliveFile)
