"""What the two calls that submit a comparison share."""

from collections.abc import Mapping
from typing import Any

from api.door.caller import caller
from api.door.idempotency import KeyedRequest
from api.door.quota import counted
from api.door.services import services
from api.door.uploaded import named_uploads
from api.door.uploads import storing
from api.schemas.comparisons import submission_of
from core.comparisons.jobs import Job
from core.comparisons.lanes import place_of
from core.errors import StoreUnavailable


def submitted(form: Mapping[str, Any], keyed: KeyedRequest[Job]) -> Job:
    """The job that a valid form asks for, accepted and queued. What is refused counts for nothing."""
    with keyed.undone_if_refused(), storing():
        submission = submission_of(form)
        uploads = named_uploads({str(side): upload_id for side, upload_id in submission.uploads.items()})
        accepted = services().accepting.accept(submission, owner=caller().owner, digests=keyed.digests)
        with counted():
            share = services().settings.limits.fair_share
            announced = [upload.announced for upload in uploads.values()]
            place = place_of(accepted.job, caller().waiting, share, announced=announced)
            job = services().submitting.submit(accepted, place=place, claim=keyed.claim)
        services().silences.answered(StoreUnavailable)
        return job
