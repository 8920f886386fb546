"""What a request works with, made once an app and handed around, never imported."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import cast

from flask import current_app

from api.door.rates import Rates
from api.door.readiness import Readiness
from api.door.silences import Silences
from api.door.waiters import Waiters
from core.comparisons.receipts import Signer
from core.comparisons.store import JobStore
from core.comparisons.submission import Accepting, Rules
from core.comparisons.submitting import Submitting
from core.errors import SettingsInvalid
from core.evaluations.calibrations import CalibrationStore
from core.evaluations.scoring import Scoring
from core.evaluations.store import RunStore
from core.keys.store import KeyStore
from core.messaging.broker import Enqueue, Queues, Tasks, celery_app, enqueue
from core.messaging.composing import Composer
from core.messaging.presence import Presence
from core.packs.catalogue import Pack, find_pack, load_catalogue
from core.settings import Settings
from core.storage.connection import CLIENT_ANSWER_S
from core.storage.idempotency import Claims
from core.storage.objects import Objects, ObjectStore
from core.webhooks.deliveries import DeliveryStore
from core.webhooks.destinations import DestinationRules
from core.webhooks.endpoints import EndpointStore
from core.webhooks.signers import Signers


@dataclass(frozen=True)
class Services:
    """The API's collaborators. `waiters` and `silences` keep requests that wait from taking every thread."""

    settings: Settings
    keys: KeyStore
    rates: Rates
    claims: Claims
    jobs: JobStore
    deliveries: DeliveryStore
    endpoints: EndpointStore
    destinations: DestinationRules
    objects: Objects
    presence: Presence
    runs: RunStore
    calibrations: CalibrationStore
    enqueue: Enqueue
    accepting: Accepting
    submitting: Submitting
    signer: Signer | None
    packs: Mapping[str, Pack]
    waiters: Waiters
    silences: Silences
    readiness: Readiness


def make_services(settings: Settings) -> Services:
    """Nothing connects before it is used. Raises SettingsInvalid or PackUnknown for what cannot be served or signed."""
    catalogue = load_catalogue(settings.home)
    if settings.packs.default not in settings.packs.served:
        raise SettingsInvalid(
            f"LIKENESS_DEFAULT_PACK is {settings.packs.default!r}; it must be one of LIKENESS_PACKS, "
            f"{', '.join(settings.packs.served)}"
        )
    packs = {name: find_pack(name, catalogue) for name in settings.packs.served}
    jobs, objects = JobStore.of(settings), ObjectStore(settings.objects)
    calibrations, presence, silences = CalibrationStore(settings.redis), Presence(settings.redis), Silences()
    scoring = Scoring(settings.engine, presence.comparing)
    app = celery_app("likeness-api", settings, answer_s=CLIENT_ANSWER_S)
    composer = Composer(app)
    Signers.of(settings.signing)  # where it is told them, it refuses a wrong one before it accepts a `callback_url`
    rules = Rules(
        packs=packs,
        default_pack=settings.packs.default,
        default_policy=settings.packs.default_policy,
        default_quality=settings.packs.default_quality,
        limits=settings.images,
        destinations=DestinationRules.of(settings.webhooks) if settings.accepts_callbacks else None,
        image_urls=DestinationRules.of(settings.webhooks) if settings.images.urls else None,
    )
    return Services(
        settings=settings,
        keys=KeyStore(settings.redis),
        rates=Rates(settings.redis),
        claims=Claims(settings.redis, settings.jobs),
        jobs=jobs,
        deliveries=DeliveryStore(settings.redis, settings.webhooks),
        endpoints=EndpointStore(settings.redis),
        destinations=DestinationRules.of(settings.webhooks),
        objects=objects,
        presence=presence,
        runs=RunStore(settings.redis),
        calibrations=calibrations,
        enqueue=partial(enqueue, app),
        accepting=Accepting(rules, calibrations, scoring),
        submitting=Submitting(
            jobs,
            objects,
            compose=lambda job, queue: composer.compose(
                Tasks.COMPARE, job.id, queue=queue, images_key=job.request.images_key
            ),
            compose_fetch=lambda job_id: composer.compose(Tasks.FETCH_IMAGES, job_id, queue=Queues.IMAGES),
        ),
        signer=Signer.of(settings.receipts.key.get_secret_value()) if settings.receipts.key else None,
        packs=packs,
        waiters=Waiters(settings.api.threads),
        silences=silences,
        readiness=Readiness(settings, jobs, objects, presence, silences),
    )


def services() -> Services:
    """The services of the app that handles this request."""
    return cast(Services, current_app.extensions["likeness"])
