"""What was seen in an image, and which of it is a reason to be warned.

docs/quality.md has the formulas, their sources, and what the limits were chosen by.
"""

from collections.abc import Iterator, Sequence
from math import cos, radians

from core.quality import MAX_LISTED_FACES, Landmarks, Measures, QualityWarning, Seen, SeenFace
from core.settings.groups import QualityLimits
from worker.engine.contract import Image
from worker.engine.detect import DetectedFace
from worker.engine.measures import measure

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
        listed = [*listed[: MAX_LISTED_FACES - 1], chosen]
    seen = tuple(SeenFace(_box(face), round(face.score, 4), face == chosen) for face in listed)
    if chosen is None or crop is None:
        return Seen(width, height, len(faces), seen)
    points = [(round(x, 1), round(y, 1)) for x, y in chosen.keypoints]
    measures = measure(shape, chosen.keypoints, crop)
    warnings = tuple(warning for warning, _ in judge(measures, limits)) if limits else ()
    return Seen(width, height, len(faces), seen, Landmarks(*points), measures, warnings)


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
