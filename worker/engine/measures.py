"""The measures of a face: its pose from five points, everything else in its aligned crop."""

from collections.abc import Sequence
from math import hypot
from typing import TypeAlias, overload

import cv2
import numpy as np
import numpy.typing as npt
from insightface.utils.face_align import arcface_dst

from core.quality import Measures
from worker.engine.align import TEMPLATE_CENTRE
from worker.engine.contract import Image
from worker.engine.detect import Point
from worker.engine.pose import pose_of

#: Points in the complex plane.
Places: TypeAlias = npt.NDArray[np.complex128]

#: Rows and columns of a crop that show nothing but face, from the brows to below the mouth ...
ROWS, COLUMNS = slice(36, 104), slice(26, 86)
#: ... and with what the widest mean reaches beyond them, in which they are ...
MARGIN = 8
AROUND = tuple(slice(part.start - MARGIN, part.stop + MARGIN) for part in (ROWS, COLUMNS))
#: ... here.
INNER = slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN)
#: A crop's part where every face has face: centre and half axes of an ellipse, the chin below the crop's edge.
OVAL = (56.0, 66.0), (34.0, 48.0)
#: Luma from which a pixel is as good as white: OFIQ's over-exposure prevention.
WHITE = 247
#: Least contrast of coarse detail, in luma of 255: below it there is none, and noise would pass for sharpness.
FLAT = 0.1


def measure(shape: tuple[int, int], keypoints: Sequence[Point], crop: Image) -> Measures:
    """Rounded to what they are good for."""
    (right_x, right_y), (left_x, left_y), *_ = keypoints
    pose = pose_of(keypoints)
    luma = cv2.cvtColor(crop[AROUND], cv2.COLOR_BGR2GRAY)
    face = luma[INNER]
    turn, middle = _onto_image(keypoints)
    cut_off = 0.0
    if not all(_within(shape, turn * corner + middle) for corner in _OVAL_CORNERS):
        cut_off = 1 - float(np.mean(_within(shape, turn * _OVAL_POINTS + middle)))
        # What lies beyond the image is black in the crop, and nobody's.
        face = face.ravel()[_within(shape, turn * _FACE_POINTS + middle)]
    brightness, contrast = (float(value[0, 0]) for value in cv2.meanStdDev(face)) if face.size else (0.0, 0.0)
    return Measures(
        inter_eye_distance_px=round(hypot(left_x - right_x, left_y - right_y), 1),
        roll_deg=round(pose.roll, 1),
        yaw_deg=round(pose.yaw, 1),
        pitch_deg=round(pose.pitch, 1),
        sharpness=round(_sharpness(luma), 3),
        brightness=round(brightness / 255, 3),
        contrast=round(contrast / 255, 3),
        overexposure=round(float(np.count_nonzero(face >= WHITE)) / max(face.size, 1), 3),
        cut_off=round(cut_off, 3),
    )


def _sharpness(luma: Image) -> float:
    """What a mean over 5 x 5 pixels takes from one over 3 x 3, to what one over 9 x 9 takes from that.

    Blur takes fine detail before coarse, contrast takes both alike, and the first mean takes the noise of pixels.
    """
    fine = cv2.blur(luma.astype(np.float32), (3, 3))
    middle = cv2.blur(fine, (5, 5))
    coarse = cv2.blur(middle, (9, 9))
    detail, rest = (cv2.meanStdDev((a - b)[INNER])[1][0, 0] for a, b in ((fine, middle), (middle, coarse)))
    return float(detail / max(rest, FLAT))


def _onto_image(keypoints: Sequence[Point]) -> tuple[complex, complex]:
    """By what to multiply a point of the crop, counted from the template's middle, and what to add, to find its place.

    The inverse of `similarity`, in the complex plane and in plain numbers: numpy takes ten times as long.
    """
    points = [complex(x, y) for x, y in keypoints]
    middle = sum(points) / len(points)
    face = [point - middle for point in points]
    onto_crop = sum(point.conjugate() * place for point, place in zip(face, _TEMPLATE, strict=True))
    size = sum(abs(point) ** 2 for point in face)
    return (size / onto_crop if onto_crop else 0j), middle


@overload
def _within(shape: tuple[int, int], points: complex) -> bool: ...
@overload
def _within(shape: tuple[int, int], points: Places) -> npt.NDArray[np.bool_]: ...
def _within(shape: tuple[int, int], points: complex | Places) -> bool | npt.NDArray[np.bool_]:
    """Whether the image has something there."""
    height, width = shape
    x, y = points.real, points.imag
    return (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)


def _from_middle(x: npt.ArrayLike, y: npt.ArrayLike) -> Places:
    """Points of a crop in the complex plane, counted from the template's middle."""
    places: Places = np.asarray(x, np.float64) + 1j * np.asarray(y, np.float64) - complex(*TEMPLATE_CENTRE)
    return places


def _oval() -> Places:
    """An even grid of points within it."""
    y, x = np.mgrid[-1:1:21j, -1:1:21j]
    within = x**2 + y**2 <= 1
    (centre_x, centre_y), (half_x, half_y) = OVAL
    return _from_middle(centre_x + half_x * x[within], centre_y + half_y * y[within])


def _corners() -> list[complex]:
    """Of the box around the oval."""
    (centre_x, centre_y), (half_x, half_y) = OVAL
    x, y = np.array([-1, -1, 1, 1]), np.array([-1, 1, -1, 1])
    corners: list[complex] = _from_middle(centre_x + half_x * x, centre_y + half_y * y).tolist()
    return corners


_TEMPLATE: list[complex] = _from_middle(*arcface_dst.T).tolist()
_OVAL_CORNERS = _corners()
_OVAL_POINTS = _oval()
_FACE_POINTS = _from_middle(*reversed([axis.ravel() for axis in np.mgrid[ROWS, COLUMNS]]))
