"""Reading the parts that workers wrote: embeddings of unique images, and failures to acquire."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import LikenessError
from core.evaluations.messages import ShardMessage
from core.evaluations.parts import FailureReason, Part
from core.score import comparison_scores
from core.storage.objects import Objects
from evaluator.datasets import Pair


class PartsDiffer(LikenessError):
    """Parts of one run were made by engines that differ, say on CPU and on CUDA."""

    code = "parts_differ"


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """Every unique image of a data set: its embedding, or the reason why there is none."""

    #: An image id to its row.
    rows: dict[str, int]
    #: Shape (n, d), each row of length 1; zeros where nothing was acquired.
    embeddings: npt.NDArray[np.float32]
    #: Shape (n,).
    acquired: npt.NDArray[np.bool_]
    #: None where a face was acquired.
    reasons: tuple[FailureReason | None, ...]
    #: What the embeddings were made with.
    engine: dict[str, Any]
    #: Versions, by name.
    software: dict[str, str]
    #: Quality measures by name, each of shape (n,); NaN where there is none, empty where a part has none.
    measures: dict[str, npt.NDArray[np.float32]]

    def failure(self, image_id: str) -> FailureReason | None:
        """Why this image gave no face, or None."""
        return self.reasons[self.rows[image_id]]

    def scores(self, pairs: Sequence[Pair]) -> npt.NDArray[np.float64]:
        """The comparison score of each pair, shape (n,); NaN where a side was not acquired."""
        reference = np.array([self.rows[pair.reference] for pair in pairs], np.int64)
        probe = np.array([self.rows[pair.probe] for pair in pairs], np.int64)
        scores = comparison_scores(self.embeddings[reference], self.embeddings[probe])
        return np.where(self.acquired[reference] & self.acquired[probe], scores, np.nan)


def read_parts(messages: Sequence[ShardMessage], objects: Objects) -> Embedded:
    """Raise PartsDiffer when the engines were not the same, ObjectNotFound when a part is not there."""
    with ThreadPoolExecutor(8) as pool:
        parts = [Part.from_npz(body) for body in pool.map(objects.get, (message.part_key for message in messages))]
    facts = {part.facts for part in parts}
    if len(facts) != 1:
        raise PartsDiffer(f"the parts were made by {len(facts)} different engines: {sorted(facts)}")
    width = max(part.embeddings.shape[1] for part in parts)
    image_ids = (image_id for part in parts for image_id in part.image_ids)
    return Embedded(
        rows={image_id: row for row, image_id in enumerate(image_ids)},
        embeddings=np.concatenate([_wide(part.embeddings, width) for part in parts]),
        acquired=np.concatenate([part.acquired for part in parts]),
        reasons=tuple(reason for part in parts for reason in part.reasons),
        engine=parts[0].engine,
        software=parts[0].software,
        measures=_measures(parts),
    )


def _measures(parts: Sequence[Part]) -> dict[str, npt.NDArray[np.float32]]:
    """What every part has: one that was made before has none."""
    columns = [part.measures or {} for part in parts]
    shared = [name for name in columns[0] if all(name in of_part for of_part in columns)]
    return {name: np.concatenate([of_part[name] for of_part in columns]) for name in shared}


def _wide(embeddings: npt.NDArray[np.float32], width: int) -> npt.NDArray[np.float32]:
    """A part in which nothing was acquired knows no length of an embedding."""
    if embeddings.shape[1] == width:
        return embeddings
    return np.zeros((embeddings.shape[0], width), np.float32)
