"""Which face counts: a named policy, with ties broken the same way whatever order the detector reports."""

from collections.abc import Sequence

from core.vocabulary import Policy, Reason
from worker.engine.contract import Unusable
from worker.engine.detect import DetectedFace

Key = tuple[object, ...]


def select(faces: Sequence[DetectedFace], policy: Policy, image_shape: tuple[int, ...]) -> DetectedFace | Unusable:
    """Choose by policy, whatever the size: no other face takes the place of one that turns out too small.

    `largest`: the largest box. `most_central`: the box whose centre is nearest to the image's centre, the larger of
    two equally near. Further ties go to the higher score, then to the face further left, then further up.
    `require_one` counts every face, small ones included.
    """
    height, width = image_shape[:2]
    if not faces:
        return Unusable(Reason.NO_FACE, f"no face was found in {width}x{height} pixels")
    if policy is Policy.REQUIRE_ONE and len(faces) > 1:
        return Unusable(Reason.MULTIPLE_FACES, f"{len(faces)} faces were found; `require_one` accepts 1")
    if policy is Policy.MOST_CENTRAL:
        return min(faces, key=lambda face: (_distance_to(face, width / 2, height / 2), *_rank(face)))
    return min(faces, key=_rank)


def too_small(face: DetectedFace, min_face_px: int) -> Unusable | None:
    """Why a face cannot be used, if its box's shorter side is too short."""
    if face.shorter_side >= min_face_px:
        return None
    return Unusable(
        Reason.FACE_TOO_SMALL,
        f"the face is {face.shorter_side:.1f} pixels on its shorter side; at least {min_face_px} are needed",
    )


def _rank(face: DetectedFace) -> Key:
    return (-face.area, -face.score, face.box, face.keypoints)


def _distance_to(face: DetectedFace, x: float, y: float) -> float:
    left, top, right, bottom = face.box
    return ((left + right) / 2 - x) ** 2 + ((top + bottom) / 2 - y) ** 2
