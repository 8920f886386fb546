"""How a head is turned, from five points: the rigid model that explains them best, seen from far away."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, degrees, hypot

import numpy as np

from worker.engine.detect import Point

#: Where the points lie on a face that looks into the camera: x to the image's right, y down, z towards the viewer, from
#: between the eyes, in distances between the eyes. Measured: the rank-3 factorisation (Tomasi and Kanade, 1992) of
#: what YuNet found in 4,785 images of LFW and CFP and their mirror images leaves 2.5 % of the coordinates' spread
#: unexplained; zero pitch is the median of CFP's frontal images.
MODEL = np.array(
    [
        [-0.5, 0.0, 0.0],
        [0.5, 0.0, 0.0],
        [0.0, 0.555, 0.256],
        [-0.431, 0.991, -0.131],
        [0.431, 0.991, -0.131],
    ]
)
INVERSE = np.linalg.pinv(MODEL - MODEL.mean(axis=0))


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

    A weak-perspective fit: the 2 x 3 matrix that maps the model onto the points in the least-squares sense, and the
    rotation nearest to it. Roll is taken from the face's vertical axis, not from the line between the eyes, which is
    next to nothing in a profile.
    """
    points = np.asarray(keypoints, np.float64)
    u, _, v = np.linalg.svd((INVERSE @ (points - points.mean(axis=0))).T, full_matrices=False)
    (xx, xy, xz), (yx, yy, yz) = (u @ v).tolist()  # a row an axis of the image, a column an axis of the head
    towards_viewer = xx * yy - xy * yx
    length = hypot(xy, yy) or 1.0
    sine, cosine = xy / length, yy / length
    right, down = cosine * xz - sine * yz, sine * xz + cosine * yz  # where the upright face looks
    return Pose(
        roll=degrees(atan2(xy, yy)),
        yaw=degrees(atan2(right, towards_viewer)),
        pitch=degrees(atan2(down, hypot(right, towards_viewer))),
    )
