"""Photographs of a shard, each looked at once: fetched, opened, acquired, embedded."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog

from core import traces
from core.batches.batch import Batch, seal_name
from core.batches.rows import NotJudged
from core.batches.shard import Photograph, Shard
from core.batches.shards import ShardStore
from core.batches.store import BatchStore
from core.batches.submission import refused_for
from core.errors import EngineUnavailable, ImageRejected, LivenessNotInstalled, ObjectNotFound, UploadDiffers
from core.liveness import LivenessRule, LivenessSides
from core.outages import outlast
from core.settings.groups import EngineSettings
from core.storage.lifecycle import Status
from core.storage.objects import Objects
from core.uploads.reading import Reading
from core.vocabulary import Side
from worker.comparing import STORE_WAIT_S
from worker.engine.contract import Acquired, FaceEngine, Unusable
from worker.engine.failures import failures
from worker.quarantine import Quarantine

log = structlog.get_logger()

#: Photographs between two looks at whether the batch goes on.
STRIDE = 4

#: In place of one that is embedded.
NO_CROP = np.zeros((0, 0, 3), np.uint8)

Embedding = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """A photograph as far as its pairs need it. Never stored or logged."""

    side: Acquired | Unusable | NotJudged
    #: None where no face counts.
    embedding: Embedding | None = None


class BatchOver(Exception):
    """The batch has ended or was erased meanwhile: what is left of the shard is not needed."""


class Memory:
    """What was seen of photographs that several shards of a batch need, for as long as one of them is in hand here."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, Looked]] = {}
        self._in_hand: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def known_batches(self) -> int:
        """How many have a shard in hand here."""
        return len(self._known)

    @contextmanager
    def of(self, batch_id: str) -> Iterator[dict[int, Looked]]:
        """By the photograph's number; forgotten with the last shard that asks."""
        with self._lock:
            self._in_hand[batch_id] += 1
            known = self._known.setdefault(batch_id, {})
        try:
            yield known
        finally:
            with self._lock:
                self._in_hand[batch_id] -= 1
                if not self._in_hand[batch_id]:
                    del self._in_hand[batch_id], self._known[batch_id]


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """A shard that is in hand."""

    batch: Batch
    shard: Shard
    holder: str
    is_alone: bool
    #: What is known of photographs by their numbers, from other shards.
    known: dict[int, Looked]

    @property
    def suspects(self) -> tuple[int, ...]:
        """The photographs that workers died at, the last death among them."""
        return self.shard.suspects if self.shard.at is None else (*self.shard.suspects, self.shard.at)


class Photographs:
    """Looks at them. Between two photographs a shard lets others be alone in the process.

    One that workers died at `most_deaths` times is given up by itself. `uploads` reads what clients have put.
    """

    def __init__(
        self,
        batches: BatchStore,
        shards: ShardStore,
        objects: Objects,
        quarantine: Quarantine,
        settings: EngineSettings,
        *,
        uploads: Reading,
        most_deaths: int,
    ) -> None:
        self._batches = batches
        self._shards = shards
        self._objects = objects
        self._quarantine = quarantine
        self._settings = settings
        self._uploads = uploads
        self._most_deaths = most_deaths

    def fetch(self, work: Work) -> dict[int, bytes]:
        """The sealed bytes of each photograph that is not known: what lies side by side comes in one call.

        Raise ObjectNotFound.
        """
        found = {}
        wanted = (
            p for p in work.shard.request.photographs if not (p.refusal or p.upload) and p.number not in work.known
        )
        for run in _runs(wanted):
            first, last = run[0], run[-1]
            body = self._objects.get_part(
                work.batch.request.images_key, first.offset, last.offset + last.size_bytes - first.offset
            )
            for photograph in run:
                start = photograph.offset - first.offset
                found[photograph.number] = body[start : start + photograph.size_bytes]
        return found

    def look(self, work: Work, engine: FaceEngine, bodies: dict[int, bytes]) -> Mapping[int, Looked]:
        """Every photograph of the shard, by its number; empties `bodies`.

        Raise BatchOver, ImagesDamaged, LivenessNotInstalled where nothing judges and one is to be, and
        EngineUnavailable where an engine that computes elsewhere is away.
        """
        looked = self._looked(work, engine, bodies)
        self._embed(work, engine, looked)
        for photograph in work.shard.request.photographs:
            if photograph.is_shared:
                work.known[photograph.number] = looked[photograph.number]
        return looked

    def _looked(self, work: Work, engine: FaceEngine, bodies: dict[int, bytes]) -> dict[int, Looked]:
        """Every photograph of the shard, without its embedding but where it is known."""
        photographs = work.shard.request.photographs
        looked = {p.number: work.known[p.number] for p in photographs if p.number in work.known}
        wanted = [p for p in photographs if p.number not in looked]
        for done, photograph in enumerate(wanted):
            if done % STRIDE == 0:
                status = outlast(lambda: self._batches.status(work.batch.id), outage_s=STORE_WAIT_S)
                if status is not Status.RUNNING:
                    raise BatchOver(f"the batch is {status or 'erased'}")
            looked[photograph.number] = Looked(self._look(work, engine, photograph, bodies.pop(photograph.number, b"")))
        if work.is_alone:
            self._note(work, None)
        return looked

    def _look(
        self, work: Work, engine: FaceEngine, photograph: Photograph, sealed: bytes
    ) -> Acquired | Unusable | NotJudged:
        if (refusal := photograph.refusal) is not None:
            pad = engine.not_acquired(refusal.detail) if photograph.is_judged else None
            return Unusable(refusal.reason, refusal.detail, pad=pad)
        if (deaths := work.suspects.count(photograph.number)) >= self._most_deaths:
            return NotJudged("worker_lost", f"workers died {deaths + 1} times while they looked at {photograph.name!r}")
        body = self._uploaded(photograph, engine) if photograph.upload else self._opened(work.batch, photograph, sealed)
        if not isinstance(body, bytes):
            return body
        with self._turn(work):
            if work.is_alone:
                self._note(work, photograph.number)
            place: dict[str, Any] = {"likeness.photograph": photograph.number}
            try:
                with traces.span("acquire", **place):
                    return engine.acquire(body, work.batch.request.policy, is_judged=photograph.is_judged)
            except (LivenessNotInstalled, EngineUnavailable):
                raise
            except Exception as error:
                log.exception("photograph_broke", photograph=photograph.number)
                return NotJudged("engine_error", f"the engine failed on {photograph.name!r}: {type(error).__name__}")

    def _opened(self, batch: Batch, photograph: Photograph, sealed: bytes) -> bytes:
        if batch.seal_key is None:
            raise BatchOver("what opens its photographs is forgotten")
        return batch.seal_key.open(sealed, name=seal_name(batch.id, photograph.number))

    def _uploaded(self, photograph: Photograph, engine: FaceEngine) -> bytes | Unusable | NotJudged:
        """What was put, or what its pairs say where that is not what was announced, or not to be had."""
        try:
            return self._uploads.read(str(photograph.upload))[0]
        except ImageRejected as error:
            reason, detail = refused_for(error)
            return Unusable(reason, detail, pad=engine.not_acquired(detail) if photograph.is_judged else None)
        except UploadDiffers as error:
            return NotJudged(error.code, f"{photograph.name!r}: {error}")
        except ObjectNotFound:
            return NotJudged("images_lost", f"the upload of {photograph.name!r} is no longer in the object store")

    def _embed(self, work: Work, engine: FaceEngine, looked: dict[int, Looked]) -> None:
        """Give every photograph whose face counts its embedding: what has no pair that could need it has none."""
        request = work.batch.request
        # One that is judged as a probe alone may be the reference of other pairs, for which no verdict counts.
        rule = request.liveness.rule if request.liveness.sides is LivenessSides.BOTH else LivenessRule.OFF
        crops = {
            number: seen.side
            for number, seen in looked.items()
            if seen.embedding is None
            and isinstance(seen.side, Acquired)
            and not failures({Side.PROBE: seen.side}, request.quality, rule, self._settings)
        }
        if not crops:
            return
        with self._turn(work):
            faces: dict[str, Any] = {"likeness.faces": len(crops)}
            try:
                with traces.span("embed", **faces):
                    rows = engine.embed([acquired.crop for acquired in crops.values()])
            except EngineUnavailable:
                raise
            except Exception as error:
                log.exception("shard_broke")
                broken = NotJudged("engine_error", f"the engine failed on these images: {type(error).__name__}")
                looked |= {number: Looked(broken) for number in crops}
                return
        for (number, acquired), row in zip(crops.items(), rows, strict=True):
            # Its crop is needed no more: what is remembered stays small.
            looked[number] = Looked(replace(acquired, crop=NO_CROP), row)

    def _turn(self, work: Work) -> AbstractContextManager[None]:
        return self._quarantine.alone() if work.is_alone else self._quarantine.together()

    def _note(self, work: Work, at: int | None) -> None:
        outlast(
            lambda: self._shards.note(work.shard.id, work.holder, at=at, suspects=work.suspects),
            outage_s=STORE_WAIT_S,
        )


def _runs(photographs: Iterable[Photograph]) -> list[list[Photograph]]:
    runs: list[list[Photograph]] = []
    for photograph in photographs:
        if runs and runs[-1][-1].offset + runs[-1][-1].size_bytes == photograph.offset:
            runs[-1].append(photograph)
        else:
            runs.append([photograph])
    return runs
