"""A worker of batches with real servers, and an engine that does what the test says."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from core.batches.batch import Batch
from core.batches.pairs import AskedPair
from core.batches.shard import ShardRequest, shard_id
from core.batches.shards import ShardStore
from core.batches.store import BatchStore
from core.batches.submission import AcceptedBatch, AcceptingBatches, BatchSubmission
from core.batches.submitting import SubmittingBatches
from core.comparisons.store import JobStore
from core.comparisons.submission import Accepting, ImageUpload, Rules, Submission
from core.errors import LivenessNotInstalled
from core.evaluations.calibrations import CalibrationStore
from core.evaluations.scoring import Scoring
from core.liveness import NotJudged, PadResult, PadVerdict
from core.messaging.presence import Presence
from core.packs.catalogue import load_catalogue
from core.settings import Settings
from core.storage.connection import connect
from core.storage.objects import ObjectStore
from core.vocabulary import EngineFacts, Face, PackIdentity, Policy
from tests.support.submitting import photograph
from tests.support.uploads import reading
from worker.batches import Batches
from worker.engine.contract import Acquired, FaceEngine, Image, Unusable
from worker.engines import Engines
from worker.leases import Leases
from worker.quarantine import Quarantine

NAMES = ("reference", "one", "two", "three", "four", "five")
PAD = PadResult(PadVerdict.NOT_JUDGED, None, 0.5, "of the test", "e" * 64)
FACTS = EngineFacts(PackIdentity("opencv-zoo", "d" * 64), "cpu", 640, 0.5, 24)


@dataclass
class ScriptedEngine:
    """Counts what it looks at, after whatever the test makes happen at that moment; it holds every pack."""

    meanwhile: Callable[[bytes], object] = lambda body: None
    before_embedding: Callable[[], object] = lambda: None
    looked_at: list[bytes] = field(default_factory=list)
    embedded: int = 0
    facts: EngineFacts = FACTS
    #: What its liveness networks looked at, where it has any, and what they take for an attack.
    judges: bool = True
    judged: list[bytes] = field(default_factory=list)
    attacks: tuple[str, ...] = ()

    def get(self, name: str) -> FaceEngine:
        return cast(FaceEngine, self)

    def acquire(self, body: bytes, policy: Policy, *, is_judged: bool = False) -> Acquired | Unusable:
        self.looked_at.append(body)
        self.meanwhile(body)
        face = Face((0, 0, 1, 1), 1.0, 1, 640)
        pad = self._judged(body) if is_judged else None
        return Acquired(face, np.zeros((112, 112, 3), np.uint8), {}, pad=pad)

    def not_acquired(self, detail: str) -> PadResult:
        if not self.judges:
            raise LivenessNotInstalled
        return replace(PAD, verdict=PadVerdict.NOT_JUDGED, reason=NotJudged.NOT_ACQUIRED, detail=detail)

    def _judged(self, body: bytes) -> PadResult:
        if not self.judges:
            raise LivenessNotInstalled
        self.judged.append(body)
        if any(body.endswith(name.encode()) for name in self.attacks):
            return replace(PAD, verdict=PadVerdict.ATTACK, score=0.1)
        return replace(PAD, verdict=PadVerdict.BONA_FIDE, score=0.9)

    def embed(self, crops: list[Image]) -> Any:
        self.before_embedding()
        self.embedded += len(crops)
        return np.ones((len(crops), 4), np.float32) / 2


@dataclass
class Bench:
    """Batches with what they were given, and what they told others."""

    settings: Settings
    engine: ScriptedEngine = field(default_factory=ScriptedEngine)
    told: list[Batch] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.batches, self.shards = BatchStore.of(self.settings), ShardStore.of(self.settings)
        self.jobs, self.objects = JobStore.of(self.settings), ObjectStore(self.settings.objects)
        self.redis = connect(self.settings.redis)
        self.work = self.worker(self.objects)

    def worker(self, objects: ObjectStore) -> Batches:
        return Batches(
            self.batches,
            self.shards,
            objects,
            cast(Engines, self.engine),
            Leases(self.shards, 15.0),
            Quarantine(60),
            engine_settings=self.settings.engine,
            worker="embedder@test",
            max_attempts=3,
            erase=self.erased.append,
            uploads=reading(self.settings, objects),
            erase_upload=self.erased.append,
            announce=self.told.append,
        )

    def accepted(
        self, pairs: Sequence[AskedPair] | None = None, *, but: dict[str, bytes] | None = None, **asked: Any
    ) -> AcceptedBatch:
        """Of the photographs, or `but` these; without pairs the reference is compared with each of the others."""
        settings = self.settings
        packs = load_catalogue(settings.home)
        rules = Rules(packs, "opencv-zoo", Policy.LARGEST, settings.images, None, liveness_pack="of the test")
        scoring = Scoring(settings.engine, Presence(settings.redis).comparing)
        accepting = Accepting(rules, CalibrationStore(settings.redis), scoring)
        photographs: dict[str, bytes | ImageUpload] = {name: photograph() + name.encode() for name in NAMES}
        photographs |= but or {}
        submission = BatchSubmission(photographs, pairs, Submission(b"", b"", **asked))
        return AcceptingBatches(accepting, settings.images).accept(submission)

    def submitted(
        self,
        pairs: Sequence[AskedPair] | None = None,
        *,
        in_shards: int = 1,
        but: dict[str, bytes] | None = None,
        **asked: Any,
    ) -> Batch:
        accepted = self.accepted(pairs, but=but, **asked)
        [shard] = accepted.shards
        many = tuple(
            ShardRequest(
                shard.batch_id,
                tuple(replace(p, is_shared=in_shards > 1) for p in shard.photographs),
                shard.pairs[n::in_shards],
            )
            for n in range(in_shards)
        )
        request = replace(accepted.batch.request, shards=in_shards)
        batch = replace(accepted.batch, request=request, shards_left=in_shards)
        submitting = SubmittingBatches(self.batches, self.jobs, self.objects, enqueue=lambda shard, queue: None)
        return submitting.submit(replace(accepted, batch=batch, shards=many), queue_of=lambda number: "batches")

    def codes(self, batch: Batch) -> dict[str, str]:
        """By the probe's name, `compared` or why it was not judged."""
        rows = self.batches.rows(self.batches.get(batch.id), limit=100).rows
        return {row.probe: getattr(row.outcome, "code", "compared") for row in rows}

    def dies(self, batch: Batch, *, at: int | None) -> None:
        """A worker takes the shard, and is killed: while it runs alone, at this photograph."""
        shard, holder = shard_id(batch.id, 0), f"another {time.time()}"
        begun = self.shards.start(shard, holder)
        if at is not None:
            suspects = begun.suspects if begun.at is None else (*begun.suspects, begun.at)
            self.shards.note(shard, holder, at=at, suspects=suspects)
        self.redis.delete(f"shard-lease:{shard}")
