"""The use case of a batch's submission: store the photographs, record batch and shards, enqueue. In this order."""

from collections.abc import Callable
from contextlib import suppress

from core import traces
from core.batches.batch import Batch
from core.batches.shard import shard_id
from core.batches.store import BatchStore
from core.batches.submission import AcceptedBatch
from core.comparisons.erasure import erase_now
from core.comparisons.store import JobStore
from core.comparisons.submitting import SILENT_STORE_S
from core.errors import LikenessError, RecordsUnavailable, StoreSilent
from core.storage.idempotency import Claim
from core.storage.objects import Objects


class SubmittingBatches:
    """Keeps what was accepted. `enqueue` publishes a shard's id to a queue, or raises BrokerUnavailable."""

    def __init__(
        self, batches: BatchStore, jobs: JobStore, objects: Objects, *, enqueue: Callable[[str, str], None]
    ) -> None:
        self._batches = batches
        #: Has the list of what is to be erased.
        self._jobs = jobs
        self._objects = objects
        self._enqueue = enqueue

    def submit(self, accepted: AcceptedBatch, *, queue_of: Callable[[int], str], claim: Claim | None = None) -> Batch:
        """Keep it: from the moment this returns, the batch ends in exactly one terminal state.

        `queue_of`: where each of its shards waits. Raises as `Submitting.submit` does, and then nothing stays.
        """
        batch = accepted.batch
        try:
            if accepted.photographs:
                with traces.span("store"):
                    self._objects.put_sealed(batch.request.images_key, *accepted.photographs)
        except StoreSilent:  # it may store them once it goes on
            with suppress(LikenessError):  # then they are swept, as images that nothing names
                self._jobs.erase_images(batch.request.images_key, after_s=SILENT_STORE_S)
            raise
        is_recorded = True
        try:
            try:
                with traces.span("record"):
                    self._batches.create(batch, accepted.shards, claim=claim)
            except LikenessError as error:
                is_recorded = isinstance(error, RecordsUnavailable) and not error.is_refusal
                raise
            with traces.span("enqueue"):
                for number in range(len(accepted.shards)):
                    self._enqueue(shard_id(batch.id, number), queue_of(number))
        except BaseException:
            self._undo(batch, claim, is_recorded=is_recorded)
            raise
        return batch

    def _undo(self, batch: Batch, claim: Claim | None, *, is_recorded: bool) -> None:
        """Nothing was accepted, so nothing stays, as far as the stores that are left allow."""
        with suppress(LikenessError):
            if is_recorded and not self._batches.withdraw(batch.id, claim):
                return  # who asked again with the same key was told of it
            erase_now(self._jobs, self._objects, batch.request.images_key)
