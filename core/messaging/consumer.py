"""A consumer that outlives its broker."""

import time
from functools import partial
from typing import Any

from celery.worker.consumer import Consumer

from core.messaging.rabbit import RabbitTransport

#: Celery pauses only for a broker that is away; one that is there and refuses would be asked all the time.
PAUSE_S = 0.3
#: Between two tries to reach RabbitMQ; kombu's own pauses grow to 30 s, so that it would be back for half a minute.
RABBIT_PAUSE_S = 2.0


class ReconnectingConsumer(Consumer):  # type: ignore[misc]
    """Keeps the broken connection's object alive while tasks that were running still hold it.

    Celery 5.7.0 closes it at once; a late-ack task in flight then reads `None.hostname` and the whole worker
    ends with "Unrecoverable error: AttributeError". The connection's sockets are already gone by then
    (`collect`), so skipping `close` leaks nothing; a new connection is made either way.
    """

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, however long that takes."""
        if conn.transport.driver_type == RabbitTransport.driver_type:
            conn.ensure_connection = partial(conn.ensure_connection, interval_max=RABBIT_PAUSE_S)
        return super().ensure_connected(conn)

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Log it; the next try follows in a moment."""
        super().on_connection_error_before_connected(exc)
        time.sleep(PAUSE_S)

    def on_connection_error_after_connected(self, exc: Exception) -> Any:
        """Clean up after a lost broker, without closing what running tasks still look at."""
        if self.connection is not None:
            self.connection.close = lambda: None
        done = super().on_connection_error_after_connected(exc)
        time.sleep(PAUSE_S)
        return done
