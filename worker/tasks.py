"""What a worker does for a message: each task by its name. Errors become retries here, and nothing is decided."""

from typing import Any

import structlog
from celery import Task, shared_task

from core.errors import EngineUnavailable, LikenessError, RecordsUnavailable, StoreUnavailable
from core.evaluations.messages import ShardAnswer, ShardFailed, ShardMessage
from core.messaging.broker import Tasks
from worker.batches import Batches
from worker.comparing import Comparisons
from worker.embedding import Shards

log = structlog.get_logger()

#: How long a store, or what computes elsewhere, is waited for: three minutes, in steps below the visibility timeout.
STORE_RETRIES_S = (1, 2, 4, 8, 15, 30, 30, 30, 30, 30)


@shared_task(name=Tasks.COMPARE, bind=True, max_retries=len(STORE_RETRIES_S))
def compare(self: Task, job_id: str) -> None:
    """Run one comparison job."""
    self.app.services.canary.heard()
    comparisons: Comparisons = self.app.services.comparisons
    try:
        comparisons.run(job_id, images_key=self.request.get("images_key"))
    except (StoreUnavailable, EngineUnavailable) as error:
        if self.request.retries >= len(STORE_RETRIES_S):
            comparisons.give_up(job_id, error.code, str(error))
            return
        raise self.retry(exc=error, countdown=STORE_RETRIES_S[self.request.retries]) from error


@shared_task(name=Tasks.COMPARE_SHARD, bind=True, max_retries=len(STORE_RETRIES_S))
def compare_shard(self: Task, shard_id: str) -> None:
    """Compare the pairs of one shard of a batch."""
    batches: Batches = self.app.services.batches
    try:
        batches.run(shard_id)
    except (StoreUnavailable, EngineUnavailable) as error:
        if self.request.retries >= len(STORE_RETRIES_S):
            batches.give_up(shard_id, error.code, str(error))
            return
        raise self.retry(exc=error, countdown=STORE_RETRIES_S[self.request.retries]) from error


@shared_task(name=Tasks.CANARY, bind=True)
def canary(self: Task) -> None:
    """The worker's own message has come through."""
    self.app.services.canary.heard()


@shared_task(
    name=Tasks.EMBED_SHARD,
    bind=True,
    ignore_result=False,  # a chord counts its header by results
    max_retries=len(STORE_RETRIES_S),
)
def embed_shard(self: Task, message: dict[str, Any]) -> dict[str, Any]:
    """Embed one shard of a benchmark. What can't be mended is returned as data: an exception would end the chord."""
    shards: Shards = self.app.services.shards
    try:
        return shards.embed(ShardMessage.from_json(message)).to_json()
    except (StoreUnavailable, RecordsUnavailable, EngineUnavailable) as error:
        if self.request.retries >= len(STORE_RETRIES_S):
            return ShardAnswer(message["shard"], ShardFailed(error.code, str(error))).to_json()
        raise self.retry(exc=error, countdown=STORE_RETRIES_S[self.request.retries]) from error
    except Exception as error:
        log.exception("shard_broke", run_id=message["run_id"], shard=message["shard"])
        code = error.code if isinstance(error, LikenessError) else "engine_error"
        return ShardAnswer(message["shard"], ShardFailed(code, f"{type(error).__name__}: {error}")).to_json()
