"""What a request works with, made once an app and handed around, never imported."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from celery import Celery
from flask import current_app

from api.door.rates import Rates
from core.comparisons.receipts import Signer
from core.comparisons.store import JobStore
from core.errors import SettingsInvalid
from core.evaluations.calibrations import CalibrationStore
from core.evaluations.store import RunStore
from core.keys.store import KeyStore
from core.messaging.broker import celery_app
from core.messaging.presence import Presence
from core.packs.catalogue import Pack, find_pack, load_catalogue
from core.settings import Settings
from core.storage.idempotency import Claims
from core.storage.objects import ObjectStore
from core.webhooks.deliveries import DeliveryStore
from core.webhooks.destinations import DestinationRules


@dataclass(frozen=True)
class Services:
    """The API's collaborators. `waiters` keeps requests that wait from taking every thread."""

    settings: Settings
    keys: KeyStore
    rates: Rates
    claims: Claims
    jobs: JobStore
    deliveries: DeliveryStore
    destinations: DestinationRules
    objects: ObjectStore
    presence: Presence
    runs: RunStore
    calibrations: CalibrationStore
    celery: Celery
    signer: Signer | None
    packs: Mapping[str, Pack]
    waiters: threading.BoundedSemaphore = field(repr=False)


def make_services(settings: Settings) -> Services:
    """Nothing connects before it is used. Raises SettingsInvalid or PackUnknown for packs that cannot be served."""
    catalogue = load_catalogue(settings.home)
    if settings.packs.default not in settings.packs.served:
        raise SettingsInvalid(
            f"LIKENESS_DEFAULT_PACK is {settings.packs.default!r}; it must be one of LIKENESS_PACKS, "
            f"{', '.join(settings.packs.served)}"
        )
    return Services(
        settings=settings,
        keys=KeyStore(settings.redis),
        rates=Rates(settings.redis),
        claims=Claims(settings.redis, settings.jobs),
        jobs=JobStore.of(settings),
        deliveries=DeliveryStore(settings.redis, settings.webhooks),
        destinations=DestinationRules.of(settings.webhooks),
        objects=ObjectStore(settings.objects),
        presence=Presence(settings.redis),
        runs=RunStore(settings.redis),
        calibrations=CalibrationStore(settings.redis),
        celery=celery_app("likeness-api", settings),
        signer=Signer.of(settings.receipts.key.get_secret_value()) if settings.receipts.key else None,
        packs={name: find_pack(name, catalogue) for name in settings.packs.served},
        # A quarter of the threads always stays free for calls that answer at once.
        waiters=threading.BoundedSemaphore(max(1, settings.api.threads * 3 // 4)),
    )


def services() -> Services:
    """The services of the app that handles this request."""
    return cast(Services, current_app.extensions["likeness"])
