"""Reading the parts that workers wrote: embeddings of unique images, and failures to acquire."""

import io
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import LikenessError
from core.evaluations.shards import ShardMessage
from core.storage.objects import ObjectStore
from evaluator.datasets import Pair


class PartsDiffer(LikenessError):
    """Parts of one run were made by engines that differ, say on CPU and on CUDA."""

    code = "parts_differ"


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """Every unique image of a data set: its embedding (row of length 1), or the reason why there is none."""

    rows: dict[str, int]
    embeddings: npt.NDArray[np.float64]
    acquired: npt.NDArray[np.bool_]
    reasons: tuple[str, ...]
    engine: dict[str, Any]
    software: dict[str, str]
    digest: str

    def failure(self, image_id: str) -> str | None:
        """Why this image gave no face, or None."""
        return self.reasons[self.rows[image_id]] or None

    def scores(self, pairs: Sequence[Pair]) -> npt.NDArray[np.float64]:
        """Cosine of each pair, shape (n,), clipped to [-1, 1]; NaN where a side was not acquired."""
        reference = np.array([self.rows[pair.reference] for pair in pairs], np.int64)
        probe = np.array([self.rows[pair.probe] for pair in pairs], np.int64)
        cosine = np.clip(np.sum(self.embeddings[reference] * self.embeddings[probe], axis=1), -1.0, 1.0)
        return np.where(self.acquired[reference] & self.acquired[probe], cosine, np.nan)


def read_parts(messages: Sequence[ShardMessage], objects: ObjectStore) -> Embedded:
    """Raise PartsDiffer when the engines were not the same, ObjectNotFound when a part is not there."""
    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(lambda message: objects.get(message.part_key), messages))
    parts = [np.load(io.BytesIO(body), allow_pickle=False) for body in bodies]
    facts = {str(part["facts"]) for part in parts}
    if len(facts) != 1:
        raise PartsDiffer(f"the parts were made by {len(facts)} different engines: {sorted(facts)}")
    known = json.loads(facts.pop())
    width = max(part["embeddings"].shape[1] for part in parts)
    embeddings = np.concatenate([_wide(part["embeddings"], width) for part in parts]).astype(np.float64)
    image_ids = [str(image_id) for part in parts for image_id in part["image_ids"]]
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return Embedded(
        rows={image_id: row for row, image_id in enumerate(image_ids)},
        embeddings=embeddings / np.where(lengths > 0, lengths, 1.0),
        acquired=np.concatenate([part["acquired"] for part in parts]),
        reasons=tuple(str(reason) for part in parts for reason in part["reasons"]),
        engine=known["engine"],
        software=known["software"],
        digest=sha256(b"".join(sha256(body).digest() for body in bodies)).hexdigest(),
    )


def _wide(embeddings: npt.NDArray[np.float32], width: int) -> npt.NDArray[np.float32]:
    """A part in which nothing was acquired knows no length of an embedding."""
    if embeddings.shape[1] == width:
        return embeddings
    return np.zeros((embeddings.shape[0], width), np.float32)
