"""A crop to a point on the unit sphere: InsightFace's recogniser, in our words."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from worker.engine.contract import Embeddings, Image
from worker.engine.inputs import NetworkInput

#: Batch sizes on TensorRT and Triton: every new shape makes a memory arena grow. CUDA has fewer: planned.py.
BUCKETS = (1, 2, 4, 8, 16, 32)


#: How a recogniser wants its crops where its pack does not say.
INSIGHTFACES = NetworkInput()


class Recogniser:
    """A loaded recogniser. Threads may share it: it is one session and no other state.

    `buckets`: the batch sizes it runs at, each batch filled up to the next one; none: any size. `network_input`: how it
    wants its crops; mean and standard deviation are the model's own matter, InsightFace has told it.
    """

    def __init__(self, model: Any, buckets: Sequence[int] = (), network_input: NetworkInput = INSIGHTFACES) -> None:
        self._model = model
        self._buckets = buckets
        self.input = network_input
        self.dimension = int(model.output_shape[-1])
        self.runs_one_by_one = isinstance(model.input_shape[0], int) or network_input.takes_batches is False

    @property
    def sessions(self) -> tuple[Any, ...]:
        """The onnxruntime session that runs."""
        return (self._model.session,)

    def embed(self, crops: Sequence[Image]) -> Embeddings:
        """All crops in one inference; one by one where the model's batch is fixed."""
        if not crops:
            return np.empty((0, self.dimension), np.float32)
        if not self.input.is_rgb:  # InsightFace swaps the colours of every crop
            crops = [np.ascontiguousarray(crop[..., ::-1]) for crop in crops]
        batches = [[crop] for crop in crops] if self.runs_one_by_one else [self._filled(list(crops))]
        raw = np.vstack([self._model.get_feat(batch) for batch in batches])[: len(crops)].astype(np.float64)
        lengths = np.linalg.norm(raw, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and lengths.all()):
            raise ValueError("the recogniser returned an embedding without a direction (zero, infinite or NaN)")
        embeddings: Embeddings = (raw / lengths).astype(np.float32)
        return embeddings

    def _filled(self, crops: list[Image]) -> list[Image]:
        size = next((bucket for bucket in self._buckets if bucket >= len(crops)), len(crops))
        return crops + [np.zeros_like(crops[0])] * (size - len(crops))
