"""What a request works with, made once an app and handed around, never imported."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import cast

from flask import current_app

from api.door.rates import Rates
from api.door.readiness import Readiness
from api.door.silences import Silences
from api.door.standings import Standings
from api.door.turns import Turns
from api.door.upload_places import UploadPlaces
from api.door.waiters import Waiters
from core.batches.batch import Batch
from core.batches.shards import ShardStore
from core.batches.store import BatchStore
from core.batches.store import parsed as parsed_batch
from core.batches.submission import AcceptingBatches
from core.batches.submitting import SubmittingBatches
from core.comparisons.jobs import Job
from core.comparisons.receipts import Signer
from core.comparisons.store import JobStore
from core.comparisons.store import parsed as parsed_job
from core.comparisons.submission import Accepting, Rules
from core.comparisons.submitting import Submitting
from core.errors import SettingsInvalid
from core.evaluations.calibrations import CalibrationStore
from core.evaluations.inquiries import InquiryStore
from core.evaluations.runs import Run
from core.evaluations.scoring import Scoring
from core.evaluations.store import RunStore
from core.keys.store import KeyStore
from core.liveness import Liveness, LivenessRule
from core.messaging.broker import Enqueue, Queues, Tasks, celery_app, enqueue
from core.messaging.composing import Composer
from core.messaging.presence import Presence
from core.packs.catalogue import Pack, PackKind, find_pack, load_catalogue
from core.settings import Settings
from core.storage.addresses import Addresses
from core.storage.connection import CLIENT_ANSWER_S
from core.storage.idempotency import Claims
from core.storage.news import News
from core.storage.objects import Objects, ObjectStore
from core.storage.search import Search
from core.uploads.naming import Naming
from core.uploads.offering import Offering
from core.uploads.store import UploadStore
from core.webhooks.deliveries import DeliveryStore
from core.webhooks.destinations import DestinationRules
from core.webhooks.endpoints import EndpointStore
from core.webhooks.signers import Signers


@dataclass(frozen=True, slots=True)
class Searches:
    """What looks through lists for some."""

    jobs: Search[Job]
    batches: Search[Batch]
    runs: Search[Run]


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
    inquiries: InquiryStore
    #: How comparisons are scored here.
    scoring: Scoring
    enqueue: Enqueue
    accepting: Accepting
    submitting: Submitting
    batches: BatchStore
    shards: ShardStore
    accepting_batches: AcceptingBatches
    submitting_batches: SubmittingBatches
    upload_places: UploadPlaces
    large_uploads: UploadPlaces
    turns: Turns
    uploads: UploadStore
    offering: Offering
    naming: Naming
    signer: Signer | None
    packs: Mapping[str, Pack]
    #: What judges liveness; None where nothing does.
    liveness: Pack | None
    waiters: Waiters
    silences: Silences
    readiness: Readiness
    standings: Standings
    searches: Searches
    #: By the kind of its records.
    news: Mapping[str, News]


def make_services(settings: Settings) -> Services:
    """Nothing connects before it is used. Raises SettingsInvalid or PackUnknown for what cannot be served or signed."""
    catalogue = load_catalogue(settings.home)
    if settings.packs.default not in settings.packs.served:
        raise SettingsInvalid(
            f"LIKENESS_DEFAULT_PACK is {settings.packs.default!r}; it must be one of LIKENESS_PACKS, "
            f"{', '.join(settings.packs.served)}"
        )
    packs = {name: find_pack(name, catalogue, PackKind.RECOGNITION) for name in settings.packs.served}
    liveness = _liveness_pack(settings, catalogue)
    jobs, objects = JobStore.of(settings), ObjectStore(settings.objects)
    calibrations, presence, silences = CalibrationStore(settings.redis), Presence(settings.redis), Silences()
    runs = RunStore(settings.redis)
    scoring = Scoring(settings.engine, presence.comparing)
    app = celery_app("likeness-api", settings, answer_s=CLIENT_ANSWER_S)
    composer, send = Composer(app), partial(enqueue, app)
    has_priorities = not settings.broker.url
    Signers.of(settings.signing)  # where it is told them, it refuses a wrong one before it accepts a `callback_url`
    rules = Rules(
        packs=packs,
        default_pack=settings.packs.default,
        default_policy=settings.packs.default_policy,
        default_quality=settings.packs.default_quality,
        liveness_pack=liveness.name if liveness else None,
        default_liveness=Liveness(settings.packs.default_liveness, settings.packs.default_liveness_sides),
        limits=settings.images,
        destinations=DestinationRules.of(settings.webhooks) if settings.accepts_callbacks else None,
        image_urls=DestinationRules.of(settings.webhooks) if settings.images.urls else None,
    )
    uploads = UploadStore.of(settings)
    accepting, batches = Accepting(rules, calibrations, scoring), BatchStore.of(settings)
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
        runs=runs,
        calibrations=calibrations,
        inquiries=InquiryStore(settings.redis),
        scoring=scoring,
        enqueue=send,
        accepting=accepting,
        submitting=Submitting(
            jobs,
            objects,
            compose=lambda job, place: composer.compose(
                Tasks.COMPARE,
                job.id,
                queue=place.queue,
                priority=place.priority if has_priorities else 0,
                **({} if job.request.uploads else {"images_key": job.request.images_key}),
            ),
            compose_fetch=lambda job_id: composer.compose(Tasks.FETCH_IMAGES, job_id, queue=Queues.IMAGES),
            publish=composer.publish if settings.broker.url else None,
        ),
        batches=batches,
        shards=ShardStore.of(settings),
        accepting_batches=AcceptingBatches(accepting, settings.images),
        submitting_batches=SubmittingBatches(
            batches, jobs, objects, enqueue=lambda shard_id, queue: send(Tasks.COMPARE_SHARD, shard_id, queue=queue)
        ),
        upload_places=UploadPlaces(settings.batches.max_batch_uploads),
        large_uploads=UploadPlaces(settings.api.threads),
        turns=Turns(settings.limits.key_bytes_at_once),
        uploads=uploads,
        offering=Offering(
            uploads, Addresses(settings.objects, settings.uploads.url), settings.uploads, settings.images
        ),
        naming=Naming(uploads, objects, settings.uploads),
        signer=Signer.of(settings.receipts.key.get_secret_value()) if settings.receipts.key else None,
        packs=packs,
        liveness=liveness,
        waiters=Waiters(settings.api.threads),
        silences=silences,
        readiness=Readiness(settings, jobs, objects, presence, silences),
        standings=Standings(settings, presence),
        searches=Searches(
            Search(settings.redis, "job", parsed_job, prefix="cmp"),
            Search(settings.redis, "batch", parsed_batch, prefix="bat"),
            Search(settings.redis, "run", runs.parsed, prefix="run"),
        ),
        news={kind: News(settings.redis, kind) for kind in ("job", "batch", "run", "inquiry")},
    )


def _liveness_pack(settings: Settings, catalogue: Mapping[str, Pack]) -> Pack | None:
    packs = settings.packs
    if packs.liveness is not None:
        return find_pack(packs.liveness, catalogue, PackKind.LIVENESS)
    if packs.default_liveness is not LivenessRule.OFF:
        raise SettingsInvalid(
            f"LIKENESS_DEFAULT_LIVENESS is {packs.default_liveness}, and no pack judges liveness: set "
            "LIKENESS_LIVENESS_PACK, e.g. to minifasnet"
        )
    return None


def services() -> Services:
    """The services of the app that handles this request."""
    return cast(Services, current_app.extensions["likeness"])
