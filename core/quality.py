"""What was seen in an image, and how good a sample it is. No I/O, no framework.

Every coordinate is in pixels of the image as it was sent, turned upright by its EXIF orientation: x to the right, y
down, (0, 0) the centre of its upper left pixel. What each measure means, its formula and its source: docs/quality.md.
"""

from dataclasses import dataclass
from enum import StrEnum

Point = tuple[float, float]
Box = tuple[float, float, float, float]

#: How many faces of one image are listed; a crowd must not make a record large.
MAX_LISTED_FACES = 50


class QualityWarning(StrEnum):
    """A measure beyond its limit. Each is also a `Reason`, for those who require quality."""

    EXTREME_POSE = "extreme_pose"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    OVEREXPOSED = "overexposed"
    LOW_RESOLUTION = "low_resolution"
    FACE_CUT_OFF = "face_cut_off"


class QualityRule(StrEnum):
    """What becomes of a warning."""

    #: It is reported beside the score.
    REPORT = "report"
    #: It is a failure to acquire: nothing is compared.
    REQUIRE = "require"


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Five points of a face, named from the subject's own point of view, as the detector gives them.

    In an image that is not mirrored, the right eye of an upright face is the one further left.
    """

    right_eye: Point
    left_eye: Point
    nose: Point
    right_mouth_corner: Point
    left_mouth_corner: Point


@dataclass(frozen=True, slots=True)
class SeenFace:
    """A face that was detected."""

    #: Left, top, right and bottom; may lie outside the image.
    box: Box
    #: 0 to 1.
    detection_score: float
    #: Whether it is the one that counts.
    chosen: bool


@dataclass(frozen=True, slots=True)
class Measures:
    """Quality measures of the chosen face, after ISO/IEC 29794-5 where it has them."""

    #: Between the eyes' centres, in pixels.
    inter_eye_distance_px: float
    #: How far the image must be turned clockwise for the face to be upright, -180 to 180.
    roll_deg: float
    #: 0 is frontal; positive looks to the subject's left.
    yaw_deg: float
    #: 0 is frontal; positive looks down.
    pitch_deg: float
    #: Contrast of fine detail over that of coarse detail, in the crop; 0 and more.
    sharpness: float
    #: Mean luma of the face, 0 to 1.
    brightness: float
    #: Standard deviation of its luma, 0 to 0.5.
    contrast: float
    #: Share of its pixels that are as good as white, 0 to 1.
    overexposure: float
    #: Share of the face that lies beyond the image's edge, 0 to 1.
    cut_off: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in one image."""

    width: int
    height: int
    #: How many faces were detected, also where not all are listed.
    faces_found: int
    #: The best MAX_LISTED_FACES by detection score, the chosen one among them.
    faces: tuple[SeenFace, ...]
    #: Of the chosen face; None where none was.
    landmarks: Landmarks | None = None
    #: Of the chosen face; None where none was.
    measures: Measures | None = None
    warnings: tuple[QualityWarning, ...] = ()
