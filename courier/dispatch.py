"""The courier's share of deliveries: how many threads they may keep, and handing out what is due."""

import threading

import structlog

from core.messaging.broker import Enqueue, Queues, Tasks
from core.messaging.counting import counting
from core.settings import Settings
from core.webhooks.deliveries import DeliveryStore, Share
from core.webhooks.endpoints import EndpointStore
from core.webhooks.signers import Signers
from courier.delivery import Deliveries
from courier.instruments import Instruments
from courier.sender import make_sender

log = structlog.get_logger()

#: Messages that may lie in the two queues; the rest stays in the store, where it is as safe.
MOST_WAITING = 500


class Dispatch:
    """Hands out deliveries. First attempts have half of the threads, retries a quarter, housekeeping the rest.

    A consumer that is slow or away ends up among the retries, where it delays nobody's first attempt. Of each share one
    owner has at most a quarter.
    """

    def __init__(self, settings: Settings, instruments: Instruments) -> None:
        self._counting = counting(settings)
        self._store = DeliveryStore(settings.redis, settings.webhooks)
        self._deliveries = Deliveries(
            self._store,
            EndpointStore(settings.redis),
            make_sender(settings.webhooks),
            Signers.of(settings.signing),
            schedule_s=settings.webhooks.schedule_s,
            count=instruments.attempted,
        )
        firsts, retries = settings.courier.threads // 2, settings.courier.threads // 4
        self._threads = {
            Queues.CALLBACKS: threading.BoundedSemaphore(firsts),
            Queues.CALLBACKS_RETRY: threading.BoundedSemaphore(retries),
        }
        self._shares = {
            Queues.CALLBACKS: Share(Queues.CALLBACKS, max(1, firsts // 4), spares_slow=True),
            Queues.CALLBACKS_RETRY: Share(Queues.CALLBACKS_RETRY, max(1, retries // 4), spares_slow=False),
        }

    def deliver(self, event_id: str, queue: str) -> None:
        """Attempt a delivery now, or leave it to the next sweep when its share of the threads is at work."""
        queue = queue if queue in self._threads else Queues.CALLBACKS
        threads = self._threads[queue]
        if not threads.acquire(blocking=False):
            self._store.postpone(event_id)
            return
        try:
            self._deliveries.attempt(event_id, self._shares[queue])
        finally:
            threads.release()

    def sweep(self, enqueue: Enqueue) -> None:
        """Enqueue what is due, as far as the queues have room. Raises RedisUnavailable."""
        room = MOST_WAITING - self._counting.waiting(*self._threads)
        if room <= 0:
            return
        shares = self._shares[Queues.CALLBACKS], self._shares[Queues.CALLBACKS_RETRY]
        for event_id, is_retry in self._store.hand_out(room, shares):
            queue = Queues.CALLBACKS_RETRY if is_retry else Queues.CALLBACKS
            enqueue(Tasks.DELIVER, event_id, queue=queue)

    def forget_expired(self) -> int:
        """Drop the index entries of deliveries past their retention."""
        return self._store.forget_expired()
