"""The evaluation use case: the images of one shard to their embeddings, stored as one part."""

import io
import json
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import structlog

from core.comparisons.images import read_header
from core.errors import ImageRejected, LikenessError
from core.evaluations.shards import Pipeline, ShardMessage
from core.evaluations.store import RunStore
from core.storage.lifecycle import Status
from core.storage.objects import ObjectStore
from core.vocabulary import FailureToAcquire, Side
from worker.engine.contract import FaceEngine, Image
from worker.engine.decode import decode
from worker.engines import Engines

log = structlog.get_logger()

#: Images between two looks at the run's status; also how often the progress bar moves.
STRIDE = 8

#: Distributions whose version may show in the last bits of an embedding.
SOFTWARE = ("insightface", "opencv-python-headless", "numpy")

Arrays: TypeAlias = dict[str, Any]


class ShardDiffers(LikenessError):
    """What this worker would compute is not what the run was planned with."""

    code = "shard_differs"


@dataclass(frozen=True, slots=True)
class Row:
    """One image: its aligned crop, or why there is none."""

    image_id: str
    crop: Image | None
    reason: str
    faces_found: int


class Shards:
    """Embeds shards; doing one twice writes the same bytes under the same key.

    `at_once` of them are computed at a time: with more of them than cores, every image would wait for its turn twice,
    and a core for the thread that gets the turn (LFW on 2 cores: 60.9 s with 4 at once, 58.1 with 2). Further threads
    have fetched the next ones meanwhile.
    """

    def __init__(self, runs: RunStore, objects: ObjectStore, engines: Engines, *, at_once: int) -> None:
        self._runs = runs
        self._objects = objects
        self._engines = engines
        self._places = threading.BoundedSemaphore(at_once)

    def embed(self, message: ShardMessage) -> dict[str, Any]:
        """Return the part's key and counts. An image without a face is a row, never an exception.

        Raises StoreUnavailable or BrokerUnavailable for the task to be tried again, ShardDiffers when it is no use.
        """
        started = time.monotonic()
        with structlog.contextvars.bound_contextvars(run_id=message.run_id, shard=message.shard):
            answer = {"shard": message.shard, "part_key": message.part_key}
            if self._runs.get(message.run_id).status is not Status.RUNNING:
                return {**answer, "skipped": "the run has ended"}
            if self._objects.exists(message.part_key):
                self._runs.advance(message.run_id, message.shard, message.images, whole=True)
                return {**answer, "skipped": "the part is there"}
            engine = self._engines.get(message.pipeline.pack, detection_size=message.pipeline.detection_size)
            _check(engine, message.pipeline)
            shard = self._fetch(message)
            rows: list[Row] = []
            with self._places:
                for image_id, image in _images(shard):
                    rows.append(_acquire(engine, image_id, image, message.pipeline))
                    if len(rows) % STRIDE == 0 and not self._goes_on(message, len(rows)):
                        return {**answer, "skipped": "the run was cancelled"}
                arrays = _embed(engine, rows, message.pipeline)
            body = _pack(arrays, engine)
            self._objects.put(message.part_key, body)
            self._runs.advance(message.run_id, message.shard, len(rows), whole=True)
            failed = sum(row.crop is None for row in rows)
            log.info("shard_embedded", images=len(rows), failures=failed, seconds=round(time.monotonic() - started, 2))
            return {**answer, "images": len(rows), "failures": failed, "sha256": sha256(body).hexdigest()}

    def _fetch(self, message: ShardMessage) -> bytes:
        body = self._objects.get(message.shard_key)
        if (found := sha256(body).hexdigest()) != message.shard_sha256:
            raise ShardDiffers(f"{message.shard_key} has the digest {found}, planned was {message.shard_sha256}")
        return body

    def _goes_on(self, message: ShardMessage, done: int) -> bool:
        return self._runs.advance(message.run_id, message.shard, done, whole=False) is Status.RUNNING


def _images(shard: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(shard), mode="r:", encoding="utf-8") as members:
        for member in members:
            file = members.extractfile(member)
            if file is not None:
                yield member.name, file.read()


def _check(engine: FaceEngine, pipeline: Pipeline) -> None:
    facts = engine.facts
    ours = (facts.pack.digest, facts.detection_threshold, facts.min_face_px)
    planned = (pipeline.pack_digest, pipeline.detection_threshold, pipeline.min_face_px)
    if ours != planned:
        raise ShardDiffers(f"pack digest, detection threshold and smallest face are {ours} here, planned {planned}")


def _acquire(engine: FaceEngine, image_id: str, body: bytes, pipeline: Pipeline) -> Row:
    if pipeline.track == "aligned":
        try:
            crop = decode(body, read_header(body, max_bytes=1 << 24, max_pixels=1 << 24))
        except ImageRejected as why:
            return Row(image_id, None, why.code, 0)
        return Row(image_id, crop, "", 1)
    acquired = engine.acquire(body, pipeline.policy, Side.PROBE)
    if isinstance(acquired, FailureToAcquire):
        return Row(image_id, None, acquired.reason, 0)
    return Row(image_id, acquired.crop, "", acquired.face.faces_found)


def _embed(engine: FaceEngine, rows: list[Row], pipeline: Pipeline) -> Arrays:
    """Arrays in the order of the rows; a row without a crop has zeros for its embedding."""
    crops = [row.crop for row in rows if row.crop is not None]
    found = _embed_crops(engine, crops, pipeline.flip)
    acquired = np.array([row.crop is not None for row in rows])
    embeddings = np.zeros((len(rows), found.shape[1]), np.float32)
    embeddings[acquired] = found
    return {
        "image_ids": np.array([row.image_id for row in rows]),
        "acquired": acquired,
        "reasons": np.array([row.reason for row in rows]),
        "faces_found": np.array([row.faces_found for row in rows], np.int32),
        "embeddings": embeddings,
    }


def _embed_crops(engine: FaceEngine, crops: list[Image], flip: bool) -> npt.NDArray[np.float32]:
    """With `flip`, the embedding of the crop plus that of its mirror image, scaled to length 1 again."""
    plain = engine.embed(crops)
    if not flip:
        return plain
    both = plain + engine.embed([np.ascontiguousarray(crop[:, ::-1]) for crop in crops])
    return np.asarray(both / np.linalg.norm(both, axis=1, keepdims=True), np.float32)


def _pack(arrays: Arrays, engine: FaceEngine) -> bytes:
    """One .npz; the same arrays give the same bytes (numpy writes a fixed date into the archive)."""
    software = {name: version(name) for name in SOFTWARE}
    facts = json.dumps({"engine": asdict(engine.facts), "software": software}, sort_keys=True)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, facts=np.array(facts), **arrays)
    return buffer.getvalue()
