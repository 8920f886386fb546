"""Asking for a run, from the API and from a terminal alike: record it, then enqueue its plan."""

from contextlib import suppress

from core import traces
from core.errors import RecordsUnavailable
from core.evaluations.datasets import find_dataset
from core.evaluations.runs import Run, RunRequest
from core.evaluations.store import RunStore
from core.messaging.broker import Enqueue, Tasks
from core.packs.catalogue import Pack
from core.storage.idempotency import Claim
from core.storage.lifecycle import new_id
from core.storage.objects import Objects
from core.vocabulary import Policy


def request_run(
    runs: RunStore,
    objects: Objects,
    enqueue: Enqueue,
    *,
    dataset: str,
    pack: Pack,
    flip: bool,
    policy: Policy,
    detection_size: int,
    resumes: str | None = None,
    callback_url: str | None = None,
    owner: str | None = None,
    claim: Claim | None = None,
) -> Run:
    """The queued run. Raises DatasetUnknown; StoreUnavailable or RedisUnavailable when nothing was accepted."""
    content = find_dataset(dataset, objects)
    request = RunRequest(
        dataset=dataset,
        dataset_digest=content.digest,
        track=content.track,
        pack=pack.name,
        flip=flip,
        policy=policy,
        detection_size=detection_size,
        images=content.images,
        pairs=content.pairs,
        shards=content.shards,
        resumes=resumes,
        callback_url=callback_url,
        origin=traces.current(),
    )
    run_id = new_id("run")
    try:
        with traces.span("record"):
            run = runs.create(run_id, request, owner=owner, claim=claim)
        with traces.span("enqueue"):
            enqueue(Tasks.PLAN_RUN, run_id)
    except BaseException:
        with suppress(RecordsUnavailable):  # a run that is recorded all the same is found by the repair
            runs.withdraw(run_id, claim)
        raise
    return run
