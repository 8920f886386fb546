"""How a head is turned, from five points: the rigid model that explains them best, seen from far away."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, degrees, hypot, sqrt
from operator import mul

import numpy as np

from worker.engine.detect import Point

#: Where the points lie on a face that looks into the camera: x to the image's right, y down, z towards the viewer, from
#: between the eyes, in distances between the eyes. Measured: the rank-3 factorisation (Tomasi and Kanade, 1992) of what
#: YuNet found in 4,782 images of LFW and CFP and in their mirror images leaves 0.04 % of its variance unexplained; zero
#: pitch is the median of CFP's frontal images.
MODEL = np.array(
    [
        [-0.5, 0.0, 0.0],
        [0.5, 0.0, 0.0],
        [0.0, 0.555, 0.256],
        [-0.431, 0.991, -0.131],
        [0.431, 0.991, -0.131],
    ]
)
#: Points to head: 3 x 5, each row with a sum of 0, so that the points' middle does not matter.
INVERSE: list[list[float]] = np.linalg.pinv(MODEL - MODEL.mean(axis=0)).tolist()


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees; all 0 for an upright face that looks into the camera."""

    #: -180 to 180: how far the image must be turned clockwise for the face to be upright.
    roll: float
    #: -180 to 180, of the upright face: positive looks to the subject's left.
    yaw: float
    #: -90 to 90, of the upright face: positive looks down.
    pitch: float


def pose_of(keypoints: Sequence[Point]) -> Pose:
    """Right eye, left eye, nose, right and left mouth corner, in pixels; of any five points something is made.

    A weak-perspective fit: A, the 2 x 3 matrix that maps the model onto the points in the least-squares sense, and the
    rotation nearest to it, whose first two rows are (A A')^-1/2 A. Roll is taken from the face's vertical axis: the
    line between the eyes is next to nothing in a profile.
    """
    # In plain numbers: for five points numpy and its SVD take several times as long.
    columns = tuple(zip(*keypoints, strict=True))
    horizontal, vertical = ([sum(map(mul, row, column)) for row in INVERSE] for column in columns)
    a, b, d = (
        sum(map(mul, *rows)) for rows in ((horizontal, horizontal), (horizontal, vertical), (vertical, vertical))
    )
    root = sqrt(max(a * d - b * b, 0.0))
    # (A A')^-1/2 is [[d + root, -b], [-b, a + root]] but for a factor; so are the columns, the head's axes.
    across, along, forward = (
        ((d + root) * x - b * y, (a + root) * y - b * x) for x, y in zip(horizontal, vertical, strict=True)
    )
    scale = hypot(across[0], along[0], forward[0]) or 1.0
    length = hypot(*along) or 1.0
    sine, cosine = along[0] / length, along[1] / length
    right, down = cosine * forward[0] - sine * forward[1], sine * forward[0] + cosine * forward[1]
    towards_viewer = (across[0] * along[1] - along[0] * across[1]) / scale
    return Pose(
        roll=degrees(atan2(sine, cosine)),
        yaw=degrees(atan2(right, towards_viewer)),
        pitch=degrees(atan2(down, hypot(right, towards_viewer))),
    )
