"""The use case: one due delivery, one attempt, one record of it. Celery is unknown here."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import structlog

from core import traces
from core.errors import RecordNotFound
from core.outages import outlast
from core.webhooks.deliveries import Attempt, Delivery, DeliveryStatus, DeliveryStore, Share
from core.webhooks.endpoints import EndpointStore
from core.webhooks.signers import Signers
from core.webhooks.signing import Keyring
from courier.schedule import Verdict, retry_in_s, verdict_on
from courier.sender import Answer, Sender

log = structlog.get_logger()

#: How long a job store that is away is waited for after an attempt; without a record of it, it is made again.
STORE_WAIT_S = 20.0
#: So many attempts may break off in a row without counting: couriers are stopped and killed. Then it may be the
#: consumer's answer that ends them, and each one more is a failed attempt.
MOST_INTERRUPTIONS = 3


class Deliveries:
    """Attempts deliveries by event id; what is not due, ended or in other hands is left alone."""

    def __init__(
        self,
        store: DeliveryStore,
        endpoints: EndpointStore,
        sender: Sender,
        signers: Signers,
        *,
        schedule_s: Sequence[float],
        count: Callable[[Delivery, Attempt | None, DeliveryStatus], None] = lambda delivery, attempt, status: None,
    ) -> None:
        self._store = store
        self._endpoints = endpoints
        self._signers = signers
        self._sender = sender
        self._schedule_s = schedule_s
        self._count = count

    def attempt(self, event_id: str, share: Share | None = None) -> None:
        """Make one attempt, if it is time and there is room. Raises RecordsUnavailable before anything was sent."""
        delivery = self._store.take(event_id, share)
        if delivery is None:
            return
        with traces.span("deliver", kind="producer", of=delivery.origin, **{"likeness.event_id": event_id}):
            self._attempt(delivery)

    def _attempt(self, delivery: Delivery) -> None:
        interrupted = []
        if delivery.interrupted_at is not None:
            told = "the courier died; it may have arrived"
            interrupted.append(Attempt(delivery.interrupted_at, 0.0, None, "interrupted", told))
        if delivery.interruptions > MOST_INTERRUPTIONS:
            self._try_again(delivery, interrupted)
            return
        delivery, keyring = self._addressed(delivery)
        if keyring is None:
            self._settle(delivery, interrupted, DeliveryStatus.DISABLED)
            return
        if not keyring.keys:
            answer = Answer(time.time(), 0.0, error="no_secret", detail="this deployment has no secret to sign with")
        else:
            answer = self._sender.send(delivery.url, delivery.id, delivery.body, keyring)
        self._conclude(delivery, interrupted, answer)

    def _addressed(self, delivery: Delivery) -> tuple[Delivery, Keyring | None]:
        """The delivery with the URL it goes to now, and what signs it; None where nothing is to be sent there."""
        if delivery.endpoint_id is None:
            is_disabled = self._store.is_disabled(delivery.owner, delivery.url)
            return delivery, None if is_disabled else self._signers.for_owner(delivery.owner)
        endpoint = self._endpoints.find(delivery.endpoint_id)
        if endpoint is None or not endpoint.enabled:
            return delivery, None
        return replace(delivery, url=endpoint.url), endpoint.keyring_at(time.time())

    def _disable(self, delivery: Delivery) -> None:
        if delivery.endpoint_id is None:
            self._store.disable_url(delivery.owner, delivery.url)
        else:
            with suppress(RecordNotFound):  # removed meanwhile
                self._endpoints.change(delivery.endpoint_id, enabled=False)

    def _conclude(self, delivery: Delivery, interrupted: list[Attempt], answer: Answer) -> None:
        attempt = Attempt(answer.at, answer.duration_ms, answer.status, answer.error, answer.detail)
        if answer.is_inner:
            log.info("destination_unreachable", event_id=delivery.id, code=answer.error, why=answer.detail)
            attempt = attempt.as_told
        attempts = [*interrupted, attempt]
        # A name that is refused is tried again like one that is not known: which it is, the schedule must not tell.
        match verdict_on(answer.status, refused=answer.refused and not answer.is_inner):
            case Verdict.DELIVERED:
                self._settle(delivery, attempts, DeliveryStatus.DELIVERED, is_slow=answer.is_slow)
            case Verdict.DISABLE:
                self._disable(delivery)
                self._settle(delivery, attempts, DeliveryStatus.DISABLED)
            case Verdict.DEAD:
                self._settle(delivery, attempts, DeliveryStatus.DEAD)
            case Verdict.RETRY:
                self._try_again(delivery, attempts, answer)

    def _try_again(self, delivery: Delivery, attempts: Sequence[Attempt], answer: Answer | None = None) -> None:
        asked_for_s = answer.retry_after_s if answer else None
        delay_s = retry_in_s(self._schedule_s, delivery.failed_attempts + 1, asked_for_s)
        status, at = (DeliveryStatus.DEAD, None) if delay_s is None else (DeliveryStatus.PENDING, time.time() + delay_s)
        self._settle(delivery, attempts, status, at, is_slow=answer is not None and answer.is_slow)

    def _settle(
        self,
        delivery: Delivery,
        attempts: Sequence[Attempt],
        status: DeliveryStatus,
        retry_at: float | None = None,
        *,
        is_slow: bool = False,
    ) -> None:
        last = attempts[-1] if attempts else None
        settled = outlast(
            lambda: self._store.settle(delivery, attempts, status, retry_at=retry_at, is_slow=is_slow),
            outage_s=STORE_WAIT_S,
        )
        if settled:
            self._count(delivery, last, status)
        log.info(
            "delivery_attempted" if settled else "delivery_superseded",
            event_id=delivery.id,
            job_id=delivery.job_id,
            status=status,
            attempts=delivery.attempts,
            answer=(last.status or last.error) if last else None,
            duration_ms=last.duration_ms if last else None,
        )
