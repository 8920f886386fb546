"""The aligned crop of a liveness network: the five keypoints as near the network's template as can be.

An alternative to the face enlarged: such a network looks closely, at a face turned upright and brought to its size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt

from core.errors import PackCorrupt
from core.liveness import NotJudged
from worker.engine.align import similarity
from worker.engine.contract import Image
from worker.engine.detect import Point
from worker.engine.inputs import NetworkInput, number

_BORDERS = {"black": cv2.BORDER_CONSTANT, "replicate": cv2.BORDER_REPLICATE}


@dataclass(frozen=True, slots=True)
class Unseen:
    """Why there is no crop."""

    reason: NotJudged
    #: What was found, and the limit.
    detail: str


@dataclass(frozen=True, slots=True)
class AlignedCrop:
    """How one network's crop is cut."""

    input: NetworkInput
    #: OpenCV's number for what the crop has where the image has nothing.
    border: int
    #: A crop of which a larger share lies outside the image is not judged, 0 to 1.
    most_outside: float

    @classmethod
    def of(cls, declared: Mapping[str, Any], network_input: NetworkInput, where: str) -> Self:
        """Raise PackCorrupt, naming the field, for what cannot be."""
        border = declared.get("border", "black")
        if border not in _BORDERS:
            raise PackCorrupt(f'{where}.border must be "black" or "replicate"; found {border!r}')
        most = number(declared.get("most_outside", 0), f"{where}.most_outside", least=0, most=0.9)
        return cls(network_input, _BORDERS[border], most)

    def cut(self, image: Image, keypoints: Sequence[Point]) -> Image | Unseen:
        """The crop of a face whose keypoints are these, at the network's size."""
        size, (height, width) = self.input.size, image.shape[:2]
        matrix = similarity(tuple(keypoints), np.asarray(self.input.template, np.float32))
        outside, most = _share_outside(matrix, size, width, height), self.most_outside
        if outside > most:
            return Unseen(
                NotJudged.CROP_OUTSIDE_IMAGE,
                f"{outside:.0%} of the face and what is around it lie outside the image; at most {most:.0%}",
            )
        if (scale := abs(_turn(matrix))) > 1:
            return Unseen(
                NotJudged.CROP_TOO_SMALL,
                f"the face and what is around it have {size / scale:.0f} pixels on their shorter side; at least {size}",
            )
        return self.warp(image, matrix)

    def warp(self, image: Image, matrix: npt.NDArray[np.float64]) -> Image:
        """What a 2x3 matrix brings into the crop."""
        side = self.input.size
        crop: Image = cv2.warpAffine(image, matrix, (side, side), borderMode=self.border, borderValue=0.0)
        return crop


def _share_outside(matrix: npt.NDArray[np.float64], size: int, width: int, height: int) -> float:
    """How much of a crop lies outside the image, 0 to 1.

    InsightFace cuts the crop out of a white image and takes the mean; this is that without its image of floats.
    """
    down, across = np.mgrid[:size, :size]
    seen = (across + 1j * down - complex(matrix[0, 2], matrix[1, 2])) / _turn(matrix)
    inside = [
        np.clip(np.minimum(1 + place, edge - place), 0, 1) for place, edge in ((seen.real, width), (seen.imag, height))
    ]
    return 1 - float(np.mean(inside[0] * inside[1]))


def _turn(matrix: npt.NDArray[np.float64]) -> complex:
    """By what a similarity multiplies in the complex plane; of points that fall into one, hardly anything."""
    turn = complex(matrix[0, 0], matrix[1, 0])
    return turn if abs(turn) > 1e-9 else 1e-9 + 0j
