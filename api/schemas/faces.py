"""What was seen in an image: its faces, their quality, whether one is alive, or why there is none."""

from marshmallow import Schema, fields, validate

from core.liveness import NotJudged, PadVerdict
from core.quality import QualityWarning
from core.vocabulary import Reason, Side


class FailureToAcquireSchema(Schema):
    """Why an image gave no usable face."""

    side = fields.Enum(Side, by_value=True, required=True)
    reason = fields.Enum(Reason, by_value=True, required=True)
    detail = fields.String(required=True)


class FaceSchema(Schema):
    """The face that was compared; `box` is left, top, right, bottom in pixels of the upright image.

    `detection_size` is the side of the square in which the detector saw the image, and `faces_found` counts what shows
    there: under `largest` a large face may end the search before small ones are looked for. `turned_deg` is how far the
    image was turned clockwise for the face to stand upright, 0 to 359; the box is that of the image as it was sent.
    """

    box = fields.List(fields.Float(), required=True, validate=validate.Length(equal=4))
    detection_score = fields.Float(required=True)
    faces_found = fields.Integer(required=True)
    detection_size = fields.Integer(required=True)
    turned_deg = fields.Integer(required=True)


def _point(which: str) -> fields.List[float]:
    return fields.List(
        fields.Float(), required=True, validate=validate.Length(equal=2), metadata={"description": f"{which}: x, y."}
    )


class LandmarksSchema(Schema):
    """Five points of the chosen face as the detector gives them, right and left being the subject's own.

    In an image that is not mirrored, the right eye of an upright face is the one further left.
    """

    right_eye = _point("Centre of the subject's right eye")
    left_eye = _point("Centre of the subject's left eye")
    nose = _point("Tip of the nose")
    right_mouth_corner = _point("The mouth's corner on the subject's right")
    left_mouth_corner = _point("The mouth's corner on the subject's left")


class SeenFaceSchema(Schema):
    """A face that was detected; `box` is left, top, right, bottom and may reach beyond the image."""

    box = fields.List(fields.Float(), required=True, validate=validate.Length(equal=4))
    detection_score = fields.Float(required=True)
    chosen = fields.Boolean(required=True, metadata={"description": "Whether it is the one that counts."})


def _measure(description: str) -> fields.Float:
    return fields.Float(required=True, metadata={"description": description})


class MeasuresSchema(Schema):
    """Quality measures of the chosen face, after ISO/IEC 29794-5 where it has them: see docs/quality.md."""

    inter_eye_distance_px = _measure("Between the eyes' centres, in pixels.")
    roll_deg = _measure("How far the image must be turned clockwise for the face to be upright, -180 to 180.")
    yaw_deg = _measure("Estimated. 0 is frontal, positive looks to the subject's left.")
    pitch_deg = _measure("Estimated. 0 is frontal, positive looks down.")
    sharpness = _measure("Contrast of fine detail over that of coarse detail at the recogniser's scale, 0 and more.")
    brightness = _measure("Mean luma of the face, 0 to 1.")
    contrast = _measure("Standard deviation of the face's luma, 0 to 0.5.")
    overexposure = _measure("Share of the face's pixels that are as good as white, 0 to 1.")
    cut_off = _measure("Share of the face that lies beyond the image's edge, 0 to 1.")


class SeenSchema(Schema):
    """What was seen in one image.

    Coordinates are in pixels of the image as it was sent, turned upright by its EXIF orientation, as are `width` and
    `height`. `faces` lists at most 50, the best first, the chosen one among them; `faces_found` counts all.
    """

    width = fields.Integer(required=True)
    height = fields.Integer(required=True)
    faces_found = fields.Integer(required=True)
    faces = fields.List(fields.Nested(SeenFaceSchema), required=True)
    landmarks = fields.Nested(LandmarksSchema, required=True, allow_none=True)
    measures = fields.Nested(MeasuresSchema, required=True, allow_none=True)
    warnings = fields.List(fields.Enum(QualityWarning, by_value=True), required=True)


class PadSchema(Schema):
    """What an image was taken for by presentation attack detection (ISO/IEC 30107), and on what that rests.

    Prints and screens are what is looked for; masks, deep fakes and injected streams are not: docs/liveness.md.
    """

    verdict = fields.Enum(PadVerdict, by_value=True, required=True)
    score = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "0 to 1; larger is more like a living face. Null where it was not judged."},
    )
    threshold = fields.Float(required=True, metadata={"description": "A score that is as large is bona fide."})
    reason = fields.Enum(NotJudged, by_value=True, required=True, allow_none=True)
    detail = fields.String(required=True, allow_none=True)
    pack = fields.String(required=True)
    pack_digest = fields.String(required=True)
