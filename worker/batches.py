"""The use case of a batch: one shard of its pairs, each photograph looked at once. Celery is unknown here."""

import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

import structlog

from core import traces
from core.batches.batch import Batch, Counts
from core.batches.rows import NotJudged, PhotographFacts, Row
from core.batches.shards import ShardStore
from core.batches.store import BatchStore
from core.errors import (
    EngineUnavailable,
    ImagesDamaged,
    JobBegunBefore,
    LivenessNotInstalled,
    ObjectNotFound,
    RecordNotFound,
    RecordUnreadable,
    StoreUnavailable,
    TransitionRefused,
)
from core.outages import outlast
from core.score import comparison_scores
from core.settings.groups import EngineSettings
from core.storage.lifecycle import Failure, Status
from core.storage.objects import Objects
from core.uploads.reading import Reading
from core.uploads.upload import object_key
from core.vocabulary import Compared, Decision, NotAcquired, Side
from worker.comparing import FEWEST_ATTEMPTS, STORE_WAIT_S, TELL_THE_WORKER
from worker.engine.contract import Acquired, FaceEngine
from worker.engine.failures import failures
from worker.engines import Engines
from worker.leases import Leases
from worker.photographs import BatchOver, Looked, Memory, Photographs, Work
from worker.quarantine import Quarantine

log = structlog.get_logger()


class Batches:
    """Compares shards by id; doing one twice, or after its batch's end, changes nothing.

    A photograph that workers die at is given up by itself: its pairs say so, and the others are judged. So many shards
    compute at a time as the engine has threads; further ones have fetched their photographs meanwhile, so that no core
    waits for the object store. Between two photographs a shard lets others be alone.
    """

    def __init__(
        self,
        batches: BatchStore,
        shards: ShardStore,
        objects: Objects,
        engines: Engines,
        leases: Leases,
        quarantine: Quarantine,
        *,
        engine_settings: EngineSettings,
        worker: str,
        max_attempts: int,
        erase: Callable[[str], None],
        uploads: Reading,
        erase_upload: Callable[[str], None],
        announce: Callable[[Batch], None] = lambda batch: None,
        count: Callable[[str, Counts], None] = lambda pack, pairs: None,
    ) -> None:
        self._batches = batches
        self._shards = shards
        self._engines = engines
        self._leases = leases
        self._settings = engine_settings
        self._worker = worker
        self._max_attempts = max(max_attempts, FEWEST_ATTEMPTS)
        self._erase = erase
        self._erase_upload = erase_upload
        self._announce = announce
        self._count = count
        self._photographs = Photographs(
            batches,
            shards,
            objects,
            quarantine,
            engine_settings,
            uploads=uploads,
            most_deaths=self._max_attempts - 1,
        )
        self._places = threading.BoundedSemaphore(engine_settings.threads)
        self.memory = Memory()

    def run(self, shard_id: str) -> None:
        """Compare the pairs of a shard. Raises StoreUnavailable or EngineUnavailable, the shard queued again."""
        batch_id = shard_id.rpartition(".")[0]
        with structlog.contextvars.bound_contextvars(batch_id=batch_id, shard_id=shard_id):
            try:
                self._try(shard_id, batch_id, only_first=True)
            except JobBegunBefore as error:
                log.info("shard_runs_alone", why=str(error))
                self._try(shard_id, batch_id, only_first=False)

    def give_up(self, shard_id: str, code: str, message: str) -> None:
        """End the batch of a shard that was tried often enough."""
        batch_id = shard_id.rpartition(".")[0]
        try:
            batch = outlast(lambda: self._batches.get(batch_id), outage_s=STORE_WAIT_S)
        except RecordNotFound:
            return
        except RecordUnreadable as error:
            log.error("batch_abandoned", why=str(error))
            with suppress(TransitionRefused, RecordNotFound):
                outlast(lambda: self._batches.abandon(batch_id, Failure(code, message)), outage_s=STORE_WAIT_S)
            return
        self._fail(batch, code, message)

    def _try(self, shard_id: str, batch_id: str, *, only_first: bool) -> None:
        holder = f"{self._worker} {os.getpid()} {secrets.token_hex(4)}"
        try:
            shard = outlast(lambda: self._shards.start(shard_id, holder, only_first=only_first), outage_s=STORE_WAIT_S)
        except (TransitionRefused, RecordNotFound) as error:
            log.info("shard_skipped", why=str(error))
            return
        except RecordUnreadable as error:  # started by now, and it would be found and started for ever
            self.give_up(shard_id, error.code, str(error))
            return
        with self._leases.hold(shard_id, holder), self.memory.of(batch_id) as known:
            try:
                batch = outlast(lambda: self._begun(batch_id), outage_s=STORE_WAIT_S)
            except BatchOver as error:
                log.info("shard_superseded", why=str(error))
                with suppress(RecordNotFound):
                    outlast(lambda: self._shards.forget(shard_id), outage_s=STORE_WAIT_S)
                return
            except RecordUnreadable as error:
                self.give_up(shard_id, error.code, str(error))
                return
            try:
                facts = {"likeness.batch_id": batch_id, "likeness.shard_id": shard_id}
                with traces.span("compare shard", kind="consumer", of=batch.request.origin, **facts):
                    self._run(Work(batch, shard, holder, is_alone=not only_first, known=known))
            except BatchOver as error:
                log.info("shard_superseded", why=str(error))
            except ObjectNotFound:
                self._fail(batch, "images_lost", "the photographs are no longer in the object store")
            except ImagesDamaged as error:
                self._fail(batch, error.code, str(error))
            except LivenessNotInstalled as error:
                self._fail(batch, error.code, f"{error} {TELL_THE_WORKER}")
            except (StoreUnavailable, EngineUnavailable):
                with suppress(TransitionRefused, RecordNotFound):
                    outlast(lambda: self._shards.requeue(shard_id, holder), outage_s=STORE_WAIT_S)
                raise

    def _begun(self, batch_id: str) -> Batch:
        try:
            batch = self._batches.get(batch_id)
        except RecordNotFound:
            raise BatchOver("it was erased") from None
        if batch.status is Status.QUEUED:
            with suppress(TransitionRefused):  # cancelled in this moment: noticed between photographs
                batch = self._batches.start(batch_id)
        if batch.status.is_terminal:
            raise BatchOver(f"the batch is {batch.status}")
        return batch

    def _run(self, work: Work) -> None:
        shard = work.shard
        if shard.attempts > self._max_attempts + len(work.suspects):
            lost = NotJudged("worker_lost", f"workers died {shard.attempts - 1} times while they ran its shard")
            self._finish(work, dict.fromkeys(range(work.batch.request.photographs), Looked(lost)), None)
            return
        with traces.span("fetch"):
            bodies = self._photographs.fetch(work)
        asked_at = time.time()
        with self._places:
            traces.marked([traces.since("wait", asked_at)])
            try:  # here, so that no more engines are worked with than there are places
                engine = self._engines.get(work.batch.request.pack)
            except EngineUnavailable:
                raise
            except Exception as error:
                log.exception("shard_broke")
                self._fail(work.batch, "engine_error", f"the pack could not be loaded: {type(error).__name__}")
                return
            looked = self._photographs.look(work, engine, bodies)
        self._finish(work, looked, engine)

    def _finish(self, work: Work, looked: Mapping[int, Looked], engine: FaceEngine | None) -> None:
        rows = [*self._rows(work, looked, engine)]
        facts = {
            photograph.number: PhotographFacts(
                side.face if isinstance(side := looked[photograph.number].side, Acquired) else None,
                None if isinstance(side, NotJudged) else side.seen,
                None if isinstance(side, NotJudged) else side.pad,
            )
            for photograph in work.shard.request.photographs
        }
        threshold = work.batch.request.threshold.value
        counts = _counted(rows, threshold)
        with traces.span("record"):
            left = outlast(
                lambda: self._shards.finish(work.shard.id, work.batch.id, rows, facts, counts), outage_s=STORE_WAIT_S
            )
        for photograph in work.shard.request.photographs:
            if photograph.upload and not photograph.is_shared:  # else with the batch
                self._erase_upload(object_key(photograph.upload))
        self._count(work.batch.request.pack, counts)
        log.info("shard_done", pairs=len(rows), photographs=len(facts), attempts=work.shard.attempts, left=left)
        if left == 0:
            self._end(work.batch, lambda: self._batches.succeed(work.batch))

    def _rows(self, work: Work, looked: Mapping[int, Looked], engine: FaceEngine | None) -> Iterator[Row]:
        names = {photograph.number: photograph.name for photograph in work.shard.request.photographs}
        for pair in work.shard.request.pairs:
            reference, probe = looked[pair.reference], looked[pair.probe]
            yield Row(
                pair.number,
                pair.custom_id,
                names[pair.reference],
                names[pair.probe],
                (pair.reference, pair.probe),
                self._outcome(work, reference, probe),
                engine.facts if engine else None,
            )

    def _outcome(self, work: Work, reference: Looked, probe: Looked) -> Compared | NotAcquired | NotJudged:
        request, sides = work.batch.request, {}
        for side, looked in ((Side.REFERENCE, reference), (Side.PROBE, probe)):
            if isinstance(looked.side, NotJudged):
                return looked.side
            # Judged for another pair, where it stands on the other side: here no verdict counts.
            sides[side] = looked.side if request.liveness.judges(side) else replace(looked.side, pad=None)
        if failed := failures(sides, request.quality, request.liveness.rule, self._settings):
            return NotAcquired(failed)
        assert reference.embedding is not None
        assert probe.embedding is not None
        return Compared(float(comparison_scores([reference.embedding], [probe.embedding])[0]))

    def _fail(self, batch: Batch, code: str, message: str) -> None:
        self._end(batch, lambda: self._batches.fail(batch, Failure(code, message)))

    def _end(self, batch: Batch, step: Callable[[], Batch]) -> None:
        try:
            with traces.span("end"):
                ended = outlast(step, outage_s=STORE_WAIT_S)
        except (TransitionRefused, RecordNotFound) as error:
            log.info("batch_superseded", why=str(error))  # the first ending stands
            return
        self._announce(ended)
        self._erase(batch.request.images_key)
        log.info(
            "batch_ended",
            status=ended.status,
            pairs=ended.request.pairs,
            done=ended.counts.done,
            failure=ended.failure.code if ended.failure else None,
        )


def _counted(rows: Iterable[Row], threshold: float) -> Counts:
    kinds = Counter(
        row.outcome.decide(threshold) if isinstance(row.outcome, Compared) else type(row.outcome) for row in rows
    )
    return Counts(
        matches=kinds[Decision.MATCH],
        non_matches=kinds[Decision.NON_MATCH],
        not_acquired=kinds[NotAcquired],
        failed=kinds[NotJudged],
    )
