"""Where the faces are: InsightFace's SCRFD, in our words."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from core.vocabulary import SMALL_DETECTION_SIZE, Policy
from worker.engine.contract import Image

Point = tuple[float, float]
Box = tuple[float, float, float, float]

#: What the small view must show to be enough under `largest`: a face whose shorter side is this long, in pixels of the
#: view (the embedding of an upright one is then within 0.01 of as good as at 640), and no other that has more than this
#: part of its area (the areas of one face at the two sizes differ by up to a quarter; which of two is larger must not).
LARGE_FACE_PX = 40
RIVAL = 0.7


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """One face."""

    #: Left, top, right, bottom in pixels; may lie outside the image.
    box: Box
    #: 0 to 1.
    score: float
    #: Five (x, y) in pixels; may lie outside the image.
    keypoints: tuple[Point, ...]

    @property
    def area(self) -> float:
        """Of the box, in square pixels."""
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)

    @property
    def middle(self) -> Point:
        """Of the box."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    @property
    def shorter_side(self) -> float:
        """Of the box, in pixels."""
        left, top, right, bottom = self.box
        return min(right - left, bottom - top)

    @property
    def longer_side(self) -> float:
        """Of the box, in pixels."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)

    def enlarged(self, factor: float) -> "DetectedFace":
        """The same face in an image so many times as large."""
        left, top, right, bottom = (side * factor for side in self.box)
        points = tuple((x * factor, y * factor) for x, y in self.keypoints)
        return DetectedFace((left, top, right, bottom), self.score, points)


@dataclass(frozen=True, slots=True)
class Detections:
    """The faces of an image."""

    #: Best score first.
    faces: list[DetectedFace]
    #: Side of the square the image was seen at, in pixels.
    size: int

    def enlarged(self, factor: float) -> "Detections":
        """The same faces in an image so many times as large."""
        return Detections([face.enlarged(factor) for face in self.faces], self.size)


#: The view of a narrow image is trimmed to a multiple of this many pixels, as detectors take them ...
STEP_PX = 32
#: ... with this part of its longer side left black beside the image. With half of it, faces that the image's edge cuts
#: off score more than with all, and two more of 572 portraits have a second face.
BLACK_PART = 0.1


class Detector:
    """A loaded detector that sees every image scaled to fit a square, the rest black.

    Small images are seen at SMALL_DETECTION_SIZE, all others at `size`, unless the model's input has a fixed size.

    Threads may share it: SCRFD keeps a pool of sessions behind a lock and a cache that holds equal values per key.
    """

    def __init__(self, model: Any, size: int, *, trims: bool = False) -> None:
        """`trims`: leave most of the black out, where it takes any size and pixels cost time."""
        self._model = model
        self._trims = trims and not model.static_input_size
        self._size = size
        self._small_size = size if model.static_input_size else min(size, SMALL_DETECTION_SIZE)

    @property
    def sessions(self) -> tuple[Any, ...]:
        """Every onnxruntime session so far; the one that runs is made for the size on first use."""
        return (self._model.session, *self._model.resolution_sessions.values())

    @property
    def small_size(self) -> int:
        """The smallest of them, in pixels."""
        return self._small_size

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes it may choose, smallest first."""
        return tuple(sorted({self._small_size, self._size}))

    def first_size(self, policy: Policy) -> int:
        """The side of the square at which `look` sees a large image first, in pixels."""
        return self._small_size if policy is Policy.LARGEST else self._size

    def size_for(self, image: Image) -> int:
        """The side of the square that shows all of this image's faces, in pixels."""
        return self._small_size if max(image.shape[:2]) <= self._small_size else self._size

    def look(self, image: Image, policy: Policy) -> Detections:
        """What the policy needs to see of an image.

        Under `largest` a large face in the small view is enough: that view misses small faces only, so no face it
        misses is larger. The other policies need every face.
        """
        size = self.size_for(image)
        if policy is Policy.LARGEST and size > self._small_size:
            faces = self.find_at(self._small_size, image)
            if _one_stands_out(faces, LARGE_FACE_PX * max(image.shape[:2]) / self._small_size):
                return Detections(faces, self._small_size)
        return Detections(self.find_at(size, image), size)

    def find_at(self, size: int, image: Image) -> list[DetectedFace]:
        """Every face at or above the detection threshold that this size shows, best score first."""
        height, width = image.shape[:2]
        if max(height, width) >= size * min(height, width):
            return []  # scaled to fit, nothing would be left of the shorter side
        boxes, keypoints = self._model.detect(image, input_size=self._input_size(size, image))
        return list(_faces(np.asarray(boxes, np.float64), np.asarray(keypoints, np.float64)))

    def _input_size(self, size: int, image: Image) -> tuple[int, int]:
        """Width and height, in pixels."""
        if not self._trims:
            return size, size
        height, width = image.shape[:2]
        longer = max(height, width)
        return _trimmed(size * width // longer, size), _trimmed(size * height // longer, size)


def _trimmed(side_px: int, size: int) -> int:
    return min(size, ceil((side_px + BLACK_PART * size) / STEP_PX) * STEP_PX)


def _one_stands_out(faces: list[DetectedFace], least_px: float) -> bool:
    largest = max(faces, key=lambda face: face.area, default=None)
    if largest is None or largest.shorter_side < least_px:
        return False
    return all(face is largest or face.area <= RIVAL * largest.area for face in faces)


def _faces(boxes: npt.NDArray[np.float64], keypoints: npt.NDArray[np.float64]) -> Iterator[DetectedFace]:
    whole = np.isfinite(boxes).all(axis=1) & np.isfinite(keypoints).all(axis=(1, 2))
    rows = zip(boxes[whole].tolist(), keypoints[whole].tolist(), strict=True)
    for (left, top, right, bottom, score), points in rows:
        yield DetectedFace((left, top, right, bottom), score, tuple((x, y) for x, y in points))
