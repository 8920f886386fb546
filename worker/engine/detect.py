"""Where the faces are: InsightFace's SCRFD, in our words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.comparison import SMALL_DETECTION_SIZE
from worker.engine.contract import Image

Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """One face. Box (left, top, right, bottom) and five keypoints are in pixels and may lie outside the image."""

    box: Box
    score: float
    keypoints: tuple[Point, ...]

    @property
    def area(self) -> float:
        """Of the box, in square pixels."""
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)

    @property
    def shorter_side(self) -> float:
        """Of the box, in pixels."""
        left, top, right, bottom = self.box
        return min(right - left, bottom - top)


class Detector:
    """A loaded detector that sees every image scaled to fit a square, the rest black.

    Small pictures are seen at SMALL_DETECTION_SIZE, all others at `size`, unless the model's input has a fixed size.

    Threads may share it: SCRFD keeps a pool of sessions behind a lock and a cache that holds equal values per key.
    """

    def __init__(self, model: Any, size: int) -> None:
        self._model = model
        self._size = size
        self._small_size = size if model.static_input_size else min(size, SMALL_DETECTION_SIZE)

    @property
    def sessions(self) -> tuple[Any, ...]:
        """Every onnxruntime session so far; the one that runs is made for the size on first use."""
        return (self._model.session, *self._model.resolution_sessions.values())

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes it may choose, smallest first."""
        return tuple(sorted({self._small_size, self._size}))

    def size_for(self, image: Image) -> int:
        """The side of the square this image is seen at, in pixels."""
        return self._small_size if max(image.shape[:2]) <= self._small_size else self._size

    def find(self, image: Image) -> list[DetectedFace]:
        """Every face at or above the detection threshold, best score first."""
        height, width = image.shape[:2]
        size = self.size_for(image)
        if max(height, width) >= size * min(height, width):
            return []  # scaled to fit, nothing would be left of the shorter side
        boxes, keypoints = self._model.detect(image, input_size=(size, size))
        return list(_faces(np.asarray(boxes, np.float64), np.asarray(keypoints, np.float64)))


def _faces(boxes: npt.NDArray[np.float64], keypoints: npt.NDArray[np.float64]) -> Iterator[DetectedFace]:
    whole = np.isfinite(boxes).all(axis=1) & np.isfinite(keypoints).all(axis=(1, 2))
    rows = zip(boxes[whole].tolist(), keypoints[whole].tolist(), strict=True)
    for (left, top, right, bottom, score), points in rows:
        yield DetectedFace((left, top, right, bottom), score, tuple((x, y) for x, y in points))
