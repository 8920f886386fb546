"""What was seen in an image, measured: geometry from five points, everything else in the aligned crop.

docs/quality.md has the formulas, their sources, and what the limits were chosen by.
"""

from collections.abc import Iterator, Sequence
from math import cos, hypot, radians

import cv2
import numpy as np
import numpy.typing as npt

from core.quality import MAX_LISTED_FACES, Landmarks, Measures, QualityWarning, Seen, SeenFace
from core.settings.groups import QualityLimits
from worker.engine.align import similarity
from worker.engine.contract import Image
from worker.engine.detect import DetectedFace, Point
from worker.engine.pose import pose_of

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
#: An eye distance is divided by cos(yaw) as in OFIQ, but never by less than this: the yaw of a profile is a guess.
LEAST_COSINE = 0.25


def see(
    shape: tuple[int, int],
    faces: Sequence[DetectedFace],
    chosen: DetectedFace | None = None,
    crop: Image | None = None,
    limits: QualityLimits | None = None,
) -> Seen:
    """What there is to say of an image of `shape` (height, width) in whose pixels the faces are.

    With the chosen face and its aligned crop, its measures too; with limits, the warnings.
    """
    height, width = shape
    listed = list(faces[:MAX_LISTED_FACES])
    if chosen is not None and chosen not in listed:
        listed[-1] = chosen
    seen = tuple(SeenFace(_box(face), round(face.score, 4), face == chosen) for face in listed)
    if chosen is None or crop is None:
        return Seen(width, height, len(faces), seen)
    points = [(round(x, 1), round(y, 1)) for x, y in chosen.keypoints]
    measures = measure(shape, chosen.keypoints, crop)
    warnings = tuple(warning for warning, _ in judge(measures, limits)) if limits else ()
    return Seen(width, height, len(faces), seen, Landmarks(*points), measures, warnings)


def measure(shape: tuple[int, int], keypoints: Sequence[Point], crop: Image) -> Measures:
    """Rounded to what they are good for."""
    (right_x, right_y), (left_x, left_y), *_ = keypoints
    pose = pose_of(keypoints)
    luma = cv2.cvtColor(crop[AROUND], cv2.COLOR_BGR2GRAY)
    face = luma[INNER]
    onto_image = cv2.invertAffineTransform(similarity(tuple(keypoints)))
    cut_off = 0.0
    if not _inside(shape, onto_image, _OVAL_CORNERS).all():
        cut_off = 1 - float(np.mean(_inside(shape, onto_image, _OVAL_POINTS)))
        # What lies beyond the image is black in the crop, and nobody's.
        face = face.ravel()[_inside(shape, onto_image, _FACE_POINTS)]
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


def judge(measures: Measures, limits: QualityLimits) -> Iterator[tuple[QualityWarning, str]]:
    """Each measure beyond its limit, with a sentence that has the value, the limit and the setting of the limit."""
    for name, found, most in (
        ("yaw", measures.yaw_deg, limits.quality_max_yaw_deg),
        ("pitch", measures.pitch_deg, limits.quality_max_pitch_deg),
    ):
        if abs(found) > most:
            detail = f"the head is turned away: {name} {found:g} degrees; at most {most:g}"
            yield QualityWarning.EXTREME_POSE, _told(detail, f"MAX_{name.upper()}_DEG")
            break
    if measures.sharpness < limits.quality_min_sharpness:
        detail = f"the face is blurred: sharpness {measures.sharpness:g}; at least {limits.quality_min_sharpness:g}"
        yield QualityWarning.BLURRED, _told(detail, "MIN_SHARPNESS")
    if measures.brightness < limits.quality_min_brightness:
        detail = f"the face is too dark: brightness {measures.brightness:g}; at least {limits.quality_min_brightness:g}"
        yield QualityWarning.TOO_DARK, _told(detail, "MIN_BRIGHTNESS")
    if measures.overexposure > limits.quality_max_overexposure:
        share, most = 100 * measures.overexposure, 100 * limits.quality_max_overexposure
        detail = f"the face is overexposed: {share:g} % of it is white; at most {most:g} %"
        yield QualityWarning.OVEREXPOSED, _told(detail, "MAX_OVEREXPOSURE")
    eyes_px = measures.inter_eye_distance_px / max(cos(radians(measures.yaw_deg)), LEAST_COSINE)
    if eyes_px < limits.quality_min_eye_distance_px:
        detail = (
            f"the face is too small in detail: from the front, its eyes are {eyes_px:.1f} pixels apart; "
            f"at least {limits.quality_min_eye_distance_px:g}"
        )
        yield QualityWarning.LOW_RESOLUTION, _told(detail, "MIN_EYE_DISTANCE_PX")
    if measures.cut_off > limits.quality_max_cut_off:
        share, most = 100 * measures.cut_off, 100 * limits.quality_max_cut_off
        detail = f"the face is cut off: {share:g} % of it lies beyond the image; at most {most:g} %"
        yield QualityWarning.FACE_CUT_OFF, _told(detail, "MAX_CUT_OFF")


def _told(detail: str, setting: str) -> str:
    return f"{detail} (LIKENESS_QUALITY_{setting})"


def _box(face: DetectedFace) -> tuple[float, float, float, float]:
    left, top, right, bottom = (round(edge, 1) for edge in face.box)
    return left, top, right, bottom


def _sharpness(luma: Image) -> float:
    """What a mean over 5 x 5 pixels takes from one over 3 x 3, to what one over 9 x 9 takes from that.

    Blur takes fine detail before coarse, contrast takes both alike, and the first mean takes the noise of pixels.
    """
    fine = cv2.blur(luma.astype(np.float32), (3, 3))
    middle = cv2.blur(fine, (5, 5))
    coarse = cv2.blur(middle, (9, 9))
    detail, rest = (cv2.meanStdDev((a - b)[INNER])[1][0, 0] for a, b in ((fine, middle), (middle, coarse)))
    return float(detail / max(rest, FLAT))


def _inside(
    shape: tuple[int, int], onto_image: npt.NDArray[np.float64], points: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Which points of a crop, shape (n, 2), show something of the image."""
    height, width = shape
    x, y = onto_image[:, :2] @ points.T + onto_image[:, 2:]
    inside: npt.NDArray[np.bool_] = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    return inside


def _oval() -> npt.NDArray[np.float64]:
    y, x = np.mgrid[-1:1:21j, -1:1:21j]
    within = x**2 + y**2 <= 1
    (centre_x, centre_y), (half_x, half_y) = OVAL
    return np.stack([centre_x + half_x * x[within], centre_y + half_y * y[within]], axis=1)


def _face() -> npt.NDArray[np.float64]:
    y, x = np.mgrid[ROWS, COLUMNS]
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float64)


_OVAL_POINTS = _oval()
_OVAL_CORNERS = np.array([[x, y] for x in (22.0, 90.0) for y in (18.0, 114.0)])
_FACE_POINTS = _face()
