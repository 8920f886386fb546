"""The use case of a submission: validate, store the images, record the job, enqueue. In this order."""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from werkzeug.datastructures import FileStorage

from api.door.access import Caller
from api.door.admission import counted, lane
from api.door.idempotency import Attach
from api.door.services import Services
from api.http.problems import FieldError, Problem
from core.comparisons.erasure import erase_now
from core.comparisons.images import ImageFacts, inspect
from core.comparisons.jobs import ComparisonRequest, Job, new_images_key
from core.errors import ImageRejected, ImageTooLarge, JobNotFound, LikenessError
from core.evaluations.calibrations import TargetUnsupported
from core.messaging.broker import Tasks, enqueue
from core.packs.catalogue import Pack, directory_identity
from core.storage.lifecycle import Status, new_id
from core.vocabulary import Policy, Side, Threshold
from core.webhooks.destinations import CallbackRefused


def submit(form: Mapping[str, Any], services: Services, *, caller: Caller, attach: Attach) -> Job:
    """Accept a comparison. From the moment this returns, the job is kept; `attach` learns its id just before it is.

    Raises Problem for what the client can mend, StoreUnavailable or BrokerUnavailable for what we cannot.
    """
    settings = services.settings
    pack_name = form.get("pack", settings.packs.default)
    pack = services.packs.get(pack_name)
    if pack is None:
        raise _invalid("pack", "pack_unknown", f"there are {', '.join(services.packs)}; found {pack_name!r}")
    callback_url = _callback_url(form, services)
    threshold = _threshold(form, pack, services)
    reference, reference_facts = _image(form["reference"], Side.REFERENCE, services)
    probe, probe_facts = _image(form["probe"], Side.PROBE, services)
    job = Job(
        id=new_id("cmp"),
        status=Status.QUEUED,
        version=1,
        created_at=time.time(),
        owner=caller.owner,
        request=ComparisonRequest(
            pack=pack.name,
            policy=Policy(form.get("policy", settings.packs.default_policy)),
            threshold=threshold,
            images_key=new_images_key(),
            reference=reference_facts,
            probe=probe_facts,
            metadata=json.loads(form.get("metadata", "{}")),
            callback_url=callback_url,
        ),
        event_id=new_id("evt") if callback_url else None,
    )
    with counted(services, caller.key):
        services.objects.put(job.request.images_key, reference + probe)
        try:
            attach(job.id)
            services.jobs.create(job)
            enqueue(services.celery, Tasks.COMPARE, job.id, queue=lane())
        except LikenessError:
            _undo(job, services)
            raise
    return job


def _threshold(form: Mapping[str, Any], pack: Pack, services: Services) -> Threshold:
    if "threshold" in form and "target_fmr" in form:
        raise _invalid("target_fmr", "threshold_ambiguous", "give a threshold or a target_fmr, not both")
    if "threshold" in form:
        return Threshold(form["threshold"], "request")
    if "target_fmr" not in form:
        return pack.threshold
    calibration = services.calibrations.get(directory_identity(pack).digest)
    if calibration is None:
        raise _invalid("target_fmr", "pack_not_calibrated", f"no run has calibrated the pack {pack.name!r} yet")
    try:
        return calibration.threshold_for(form["target_fmr"])
    except TargetUnsupported as why:
        raise _invalid("target_fmr", why.code, str(why)) from None


def _callback_url(form: Mapping[str, Any], services: Services) -> str | None:
    url: str | None = form.get("callback_url")
    if url is None:
        return None
    if services.settings.webhooks.secrets is None:
        detail = "this deployment has no signing secret (LIKENESS_WEBHOOK_SECRETS): it calls nobody back"
        raise _invalid("callback_url", "callbacks_not_configured", detail)
    try:
        services.destinations.check_url(url)
    except CallbackRefused as why:
        raise _invalid("callback_url", why.code, str(why)) from None
    return url


def _image(upload: FileStorage, side: Side, services: Services) -> tuple[bytes, ImageFacts]:
    limits = services.settings.images
    if not isinstance(upload, FileStorage):
        raise _invalid(side, "part_not_a_file", "send this part as a file, with a filename")
    body = upload.read()
    if not body:
        raise _invalid(side, "part_empty", "this part has 0 bytes; send an image file")
    try:
        return body, inspect(body, max_bytes=limits.max_image_bytes, max_pixels=limits.max_image_pixels)
    except ImageRejected as why:
        status = 413 if isinstance(why, ImageTooLarge) else 415
        raise _invalid(side, why.code, str(why), status) from None


def _invalid(field: str, code: str, detail: str, status: int = 422) -> Problem:
    return Problem(status, code, f"{field}: {detail}", errors=[FieldError(f"/{field}", code, detail)])


def _undo(job: Job, services: Services) -> None:
    """Nothing was accepted, so nothing stays, as far as the stores that are left allow."""
    with suppress(LikenessError):
        with suppress(JobNotFound):
            services.jobs.erase(job.id)
        # Only now: a record that is still there, or may be, is run once the store is back, and needs its images.
        erase_now(services.jobs, services.objects, job.request.images_key)
