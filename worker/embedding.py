"""The evaluation use case: the images of one shard to their embeddings, stored as one part."""

import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog

from core import traces
from core.comparisons.images import read_header
from core.errors import ImageRejected, LikenessError
from core.evaluations.messages import ShardAnswer, ShardEmbedded, ShardMessage, ShardOutcome, ShardSkipped
from core.evaluations.parts import FailureReason, Part, failure_reason, measures_by_name
from core.evaluations.pipeline import PIPELINE_VERSION, Pipeline
from core.evaluations.runs import Run
from core.evaluations.shards import read_shard
from core.evaluations.store import RunStore
from core.providers import OPENVINO, is_openvino, may_compute
from core.quality import Measures
from core.storage.lifecycle import Status
from core.storage.objects import Objects
from core.vocabulary import Track
from worker.engine.contract import FaceEngine, Image, Unusable
from worker.engine.decode import decode
from worker.engines import Engines
from worker.machine import machine
from worker.quarantine import Quarantine

log = structlog.get_logger()

#: Images between two looks at the run's status; also how often the progress bar moves.
STRIDE = 8

#: Distributions whose version may show in the last bits of an embedding.
SOFTWARE = ("insightface", "opencv-python-headless", "numpy")


class ShardDiffers(LikenessError):
    """What this worker would compute is not what the run was planned with."""

    code = "shard_differs"


@dataclass(frozen=True, slots=True)
class Row:
    """One image of a shard."""

    image_id: str
    #: Aligned; None where no face counts.
    crop: Image | None
    #: Why there is no crop; None where there is one.
    reason: FailureReason | None
    faces_found: int
    #: None where no face was measured.
    measures: Measures | None = None


class Shards:
    """Embeds shards; doing one twice writes the same bytes under the same key.

    `at_once` of them are computed at a time: with more of them than cores, every image would wait for its turn twice,
    and a core for the thread that gets the turn (LFW on 2 cores: 60.9 s with 4 at once, 58.1 with 2). Further threads
    have fetched the next ones meanwhile. Between two images a shard lets a comparison be alone in the process.
    """

    def __init__(
        self, runs: RunStore, objects: Objects, engines: Engines, quarantine: Quarantine, *, at_once: int
    ) -> None:
        self._runs = runs
        self._objects = objects
        self._engines = engines
        self._quarantine = quarantine
        self._places = threading.BoundedSemaphore(at_once)

    def embed(self, message: ShardMessage) -> ShardAnswer:
        """Write the part, unless there is no need. An image without a face is a row, never an exception.

        Raises StoreUnavailable or RecordsUnavailable for the task to be tried again, ShardDiffers when it is no use.
        """
        with structlog.contextvars.bound_contextvars(run_id=message.run_id, shard=message.shard):
            run = self._runs.get(message.run_id)
            facts: dict[str, Any] = {"likeness.run_id": message.run_id, "likeness.shard": message.shard}
            with traces.span("embed shard", kind="consumer", of=run.request.origin, **facts):
                return ShardAnswer(message.shard, self._embed(run, message))

    def _embed(self, run: Run, message: ShardMessage) -> ShardOutcome:
        started = time.monotonic()
        if run.status is not Status.RUNNING:
            return ShardSkipped(message.part_key, "the run has ended")
        if self._objects.exists(message.part_key):
            self._runs.advance(message.run_id, message.shard, message.images, whole=True)
            return ShardSkipped(message.part_key, "the part is there")
        with traces.span("fetch"):
            shard = self._fetch(message)
        rows: list[Row] = []
        asked_at = time.time()
        with self._places:
            traces.marked([traces.since("wait", asked_at)])
            # Here, so that no more engines are worked with than there are places.
            engine = self._engines.get(message.pipeline.pack, detection_size=message.pipeline.detection_size)
            _check(engine, message.pipeline)
            began = time.monotonic()
            for image_id, image in read_shard(shard):
                place: dict[str, Any] = {"likeness.image": len(rows)}
                with self._quarantine.together(), traces.span("acquire", **place):
                    rows.append(_acquire(engine, image_id, image, message.pipeline))
                if len(rows) % STRIDE == 0 and not self._goes_on(message, len(rows)):
                    return ShardSkipped(message.part_key, "the run was cancelled")
            with self._quarantine.together(), traces.span("embed"):
                part = _part(engine, rows, flip=message.pipeline.flip)
            took_s = round(time.monotonic() - began, 3)
        body = part.to_npz()
        with traces.span("store"):
            self._objects.put(message.part_key, body)
        with traces.span("record"):
            self._runs.advance(message.run_id, message.shard, len(rows), whole=True)
        failed = sum(row.crop is None for row in rows)
        log.info("shard_embedded", images=len(rows), failures=failed, seconds=round(time.monotonic() - started, 2))
        return ShardEmbedded(message.part_key, len(rows), failed, sha256(body).hexdigest(), took_s, machine())

    def _fetch(self, message: ShardMessage) -> bytes:
        body = self._objects.get(message.shard_key)
        if (digest := sha256(body).hexdigest()) != message.shard_sha256:
            raise ShardDiffers(f"{message.shard_key} has the digest {digest}, planned was {message.shard_sha256}")
        return body

    def _goes_on(self, message: ShardMessage, done: int) -> bool:
        return self._runs.advance(message.run_id, message.shard, done, whole=False) is Status.RUNNING


def _check(engine: FaceEngine, pipeline: Pipeline) -> None:
    facts = engine.facts
    if pipeline.track is Track.ALIGNED and not engine.takes_insightfaces_crops:
        raise ShardDiffers(
            f"the images are crops as InsightFace aligns them; the recogniser of {facts.pack.name!r} wants them on a "
            "template of its own, and can be measured on photographs only"
        )
    looks = (facts.detection_threshold, facts.clear_detection_score, facts.min_face_px)
    ours = (PIPELINE_VERSION, facts.pack.digest, *looks)
    looks = (pipeline.detection_threshold, pipeline.clear_detection_score, pipeline.min_face_px)
    planned = (pipeline.version, pipeline.pack_digest, *looks)
    if ours != planned:
        raise ShardDiffers(
            f"pipeline version, pack digest, detection threshold, clear detection score and smallest face are {ours} "
            f"here, planned {planned}: start the run again"
        )
    if not may_compute(pipeline.provider, facts.provider):
        raise ShardDiffers(
            f"the provider is {facts.provider} here, planned {pipeline.provider}: give evaluator and workers the same "
            "LIKENESS_PROVIDER, with its precision where their processors differ, and start the run again"
        )


def _acquire(engine: FaceEngine, image_id: str, body: bytes, pipeline: Pipeline) -> Row:
    if pipeline.track is Track.ALIGNED:
        try:
            crop = decode(body, read_header(body, max_bytes=1 << 24, max_pixels=1 << 24))
        except ImageRejected as error:
            return Row(image_id, None, failure_reason(error.code), 0)
        return Row(image_id, crop, None, 1)
    acquired = engine.acquire(body, pipeline.policy)
    if isinstance(acquired, Unusable):
        return Row(image_id, None, acquired.reason, 0)
    measures = acquired.seen.measures if acquired.seen else None
    return Row(image_id, acquired.crop, None, acquired.face.faces_found, measures)


def _part(engine: FaceEngine, rows: Sequence[Row], *, flip: bool) -> Part:
    """In the order of the rows; a row without a crop has zeros for its embedding."""
    software = (*SOFTWARE, OPENVINO) if is_openvino(engine.facts.provider) else SOFTWARE
    acquired_embeddings = _embed_crops(engine, [row.crop for row in rows if row.crop is not None], flip)
    acquired = np.array([row.crop is not None for row in rows])
    embeddings = np.zeros((len(rows), acquired_embeddings.shape[1]), np.float32)
    embeddings[acquired] = acquired_embeddings
    return Part(
        image_ids=tuple(row.image_id for row in rows),
        acquired=acquired,
        reasons=tuple(row.reason for row in rows),
        faces_found=np.array([row.faces_found for row in rows], np.int32),
        embeddings=embeddings,
        engine=asdict(engine.facts),
        software={name: version(name) for name in software},
        measures=measures_by_name([row.measures for row in rows]),
    )


def _embed_crops(engine: FaceEngine, crops: Sequence[Image], flip: bool) -> npt.NDArray[np.float32]:
    """With `flip`, the embedding of the crop plus that of its mirror image, scaled to length 1 again."""
    plain = engine.embed(crops)
    if not flip:
        return plain
    both = plain + engine.embed([np.ascontiguousarray(crop[:, ::-1]) for crop in crops])
    return np.asarray(both / np.linalg.norm(both, axis=1, keepdims=True), np.float32)
