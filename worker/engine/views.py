"""A square view of an image, turned, zoomed or bordered, and the way back from it."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from worker.engine.contract import Image
from worker.engine.decode import DecodedImage
from worker.engine.detect import DetectedFace

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Where a square view of `size` pixels shows an image; what lies outside the image is black."""

    #: 2x3, from pixels of the whole image to those of the view: a turn, one scale for both axes, a move.
    matrix: Matrix
    size: int
    #: How far the image is turned clockwise.
    turn_deg: float

    @classmethod
    def of_whole(cls, image: DecodedImage, size: int, turn_deg: float, border: float = 0.0) -> Self:
        """All of the image, and on each side a border of so many times its longer side."""
        angle = np.deg2rad(turn_deg)
        cos, sin = abs(np.cos(angle)), abs(np.sin(angle))
        longer = max(image.width * cos + image.height * sin, image.width * sin + image.height * cos)
        centre = (image.width - 1) / 2, (image.height - 1) / 2
        return cls(_matrix(centre, size, size / (longer * (1 + 2 * border)), turn_deg), size, turn_deg)

    @classmethod
    def of_face(cls, face: DetectedFace, size: int, turn_deg: float, part: float) -> Self:
        """The face in the middle; its longer side is this part of the view."""
        return cls(_matrix(face.middle, size, size * part / max(face.longer_side, 1.0), turn_deg), size, turn_deg)

    def of(self, image: DecodedImage) -> Image:
        """The pixels of the view; averaged first where many become one, which interpolation does not do."""
        step = max(1, int(1 / (float(np.hypot(*self.matrix[:, 0])) * image.scale)))
        height, width = image.pixels.shape[:2]
        pixels = image.pixels
        if step > 1:
            pixels = cv2.resize(pixels, (-(-width // step), -(-height // step)), interpolation=cv2.INTER_AREA)
        # A pixel's centre x lies at (x + 0.5) / step - 0.5 where `step` of them are one.
        step *= image.scale
        turn, move = self.matrix[:, :2], self.matrix[:, 2]
        matrix = np.column_stack([turn * step, move + turn.sum(axis=1) * (step - 1) / 2])
        shown: Image = cv2.warpAffine(pixels, matrix, (self.size, self.size), flags=cv2.INTER_LINEAR)
        return shown

    def back(self, face: DetectedFace) -> DetectedFace:
        """A face of the view in pixels of the image; its box keeps its sides, swapped where the view lies on one."""
        inverse = cv2.invertAffineTransform(self.matrix)
        left, top, right, bottom = face.box
        (x, y), *points = (
            _moved(inverse, point) for point in (((left + right) / 2, (top + bottom) / 2), *face.keypoints)
        )
        scale = float(np.hypot(*inverse[:, 0]))
        across, down = (right - left) * scale / 2, (bottom - top) * scale / 2
        if round(self.turn_deg / 90) % 2:
            across, down = down, across
        return DetectedFace((x - across, y - down, x + across, y + down), face.score, tuple(points))


def _matrix(centre: tuple[float, float], size: int, scale: float, turn_deg: float) -> Matrix:
    """Turns clockwise, which is from x to y, for y points down; brings the centre to the middle of the view."""
    angle = np.deg2rad(turn_deg)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([turn, np.full(2, (size - 1) / 2) - turn @ np.array(centre)])


def _moved(matrix: Matrix, point: tuple[float, float]) -> tuple[float, float]:
    x, y = (matrix[:, :2] @ np.array(point) + matrix[:, 2]).tolist()
    return x, y
