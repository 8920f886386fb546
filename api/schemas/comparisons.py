"""Comparison jobs, and the plain call."""

import json
import math
from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.datastructures import FileStorage

from api.schemas.common import StrictForm
from api.schemas.images import ImageText, image_file, is_upload, is_url
from api.schemas.standing import StandingSchema
from core.comparisons.submission import FieldRefused, ImageUpload, ImageUrl, Submission
from core.liveness import LivenessRule, LivenessSides, NotJudged, PadVerdict
from core.quality import QualityRule, QualityWarning
from core.reasons import reason_of
from core.storage.deadlines import FEWEST_S, MOST_S
from core.storage.lifecycle import Status
from core.vocabulary import Decision, ImageFormat, Policy, Reason, Side, labels
from core.webhooks.destinations import MAX_URL_CHARACTERS

MAX_METADATA_BYTES = 2048
MAX_METADATA_FIELDS = 16

_BASE64 = {"type": "string", "format": "byte", "example": "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ..."}


def _metadata(text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_METADATA_BYTES:
        raise ValidationError(f"metadata_too_large|{size} bytes; at most {MAX_METADATA_BYTES}")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"metadata_invalid|must be JSON: {reason_of(error)}") from None
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValidationError("metadata_invalid|must be a JSON object whose values are strings")
    if len(value) > MAX_METADATA_FIELDS:
        raise ValidationError(f"metadata_too_large|{len(value)} fields; at most {MAX_METADATA_FIELDS}")
    try:
        "".join((*value, *value.values())).encode()
    except UnicodeEncodeError:
        raise ValidationError(
            "metadata_invalid|must be text; found half a surrogate pair, which does not stand for a character"
        ) from None


def _threshold(value: float) -> None:
    if not math.isfinite(value) or not -1 <= value <= 1:
        raise ValidationError(f"threshold_out_of_range|must be between -1 and 1; found {value}")


def _target_fmr(value: float) -> None:
    if not 0 < value < 1:
        raise ValidationError(f"target_fmr_out_of_range|must be above 0 and below 1; found {value}")


def _expires_in(value: float) -> None:
    if not FEWEST_S <= value <= MOST_S:  # so is NaN
        raise ValidationError(f"expires_in_out_of_range|must be {FEWEST_S:g} to {MOST_S:g} seconds; found {value}")


#: A deployment may accept fewer of them.
FORMATS = labels(tuple(ImageFormat), "or")


class ComparisonForm(StrictForm):
    """A comparison to run: two image files and what may be said about them."""

    reference = image_file(
        f"The image one knows: {FORMATS}. Or, as a text, the id of an upload, or an https URL where the deployment "
        "fetches images."
    )
    probe = image_file(f"The image in question: {FORMATS}, or an upload or a URL likewise.")
    pack = fields.String(
        metadata={"description": "Model pack; `GET /v1/packs` lists them. Default: the deployment's."},
    )
    policy = fields.String(
        validate=validate.OneOf(
            list(Policy), error="policy_unknown|must be one of largest, most_central, require_one; found {input}"
        ),
        metadata={"description": "Which face counts where an image shows several. Default: the deployment's."},
    )
    threshold = fields.Float(
        allow_nan=True,
        validate=_threshold,
        error_messages={"invalid": "threshold_invalid|must be a number; found {input}"},
        metadata={
            "description": "Decision threshold on the cosine score. Default: the pack's.",
            "minimum": -1,
            "maximum": 1,
        },
    )
    target_fmr = fields.Float(
        allow_nan=True,
        validate=_target_fmr,
        error_messages={"invalid": "target_fmr_invalid|must be a number; found {input}"},
        metadata={
            "description": "Instead of a threshold: the false match rate that it keeps with 95 % confidence, by the "
            "pack's calibration. Refused where a comparison is scored otherwise than the calibration's run.",
            "exclusiveMinimum": 0,
            "exclusiveMaximum": 1,
        },
    )
    quality = fields.String(
        validate=validate.OneOf(
            list(QualityRule), error="quality_unknown|must be one of report, require; found {input}"
        ),
        metadata={
            "description": "`report`: quality warnings are told beside the score. `require`: each is a reason why a "
            "face was not acquired, and nothing is compared. Default: the deployment's.",
        },
    )
    liveness = fields.String(
        validate=validate.OneOf(
            list(LivenessRule), error="liveness_unknown|must be one of off, report, require; found {input}"
        ),
        metadata={
            "description": "Whether an image is looked at for signs of a print or a screen in front of the camera. "
            "`report`: the verdict is told beside the score. `require`: a face that is not bona fide was not acquired, "
            "and nothing is compared. Refused where no liveness pack is installed. Default: the deployment's.",
        },
    )
    liveness_sides = fields.String(
        validate=validate.OneOf(
            list(LivenessSides), error="liveness_sides_unknown|must be one of probe, both; found {input}"
        ),
        metadata={"description": "Which images are judged. Default: the deployment's."},
    )
    metadata = fields.String(
        validate=_metadata,
        metadata={
            "description": "A JSON object of strings, given back with the job: at most 16 fields, 2048 bytes.",
            "contentMediaType": "application/json",
        },
    )

    expires_in = fields.Float(
        allow_nan=True,
        validate=_expires_in,
        error_messages={"invalid": "expires_in_invalid|must be a number of seconds; found {input}"},
        metadata={
            "description": "Seconds within which it has to be begun: still queued after that, it is cancelled, with "
            "the error `expired`. What has been begun goes on. Default: it waits for as long as it takes.",
            "minimum": FEWEST_S,
            "maximum": MOST_S,
        },
    )
    callback_url = fields.String(
        metadata={
            "description": "Where to announce the end: an https URL that the deployment can reach; see `webhooks`.",
            "format": "uri",
            "maxLength": MAX_URL_CHARACTERS,
        },
    )


class MetadataObject(fields.Dict):
    """The object itself, or its text as a form has it; in code it is the text."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> Any:
        if isinstance(value, str):
            return value
        # Bytes are what is left of a text that is too long.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=lambda raw: raw.decode("latin-1"))


class ComparisonBody(ComparisonForm):
    """A comparison to run: two images in base64 and what may be said about them."""

    reference = ImageText(
        required=True,
        metadata={
            "description": "The image one knows: base64, a data URI, the id of an upload, or a URL where the "
            "deployment fetches images.",
            **_BASE64,
        },
    )
    probe = ImageText(
        required=True,
        metadata={"description": "The image in question: base64, a data URI, an upload or a URL likewise.", **_BASE64},
    )
    metadata = MetadataObject(  # type: ignore[assignment] # what it is in code stays the text
        keys=fields.String(),
        values=fields.String(),
        validate=_metadata,
        metadata={"description": "Given back with the job: at most 16 fields, 2048 bytes as JSON."},
    )


def submission_of(form: Mapping[str, Any]) -> Submission:
    """What a valid form asks for. Raise FieldRefused for a part that is no file, no URL and no upload."""
    reference, probe = (_image(side, form[side]) for side in (Side.REFERENCE, Side.PROBE))
    return Submission(
        reference=reference,
        probe=probe,
        pack=form.get("pack"),
        policy=Policy(form["policy"]) if "policy" in form else None,
        threshold=form.get("threshold"),
        target_fmr=form.get("target_fmr"),
        callback_url=form.get("callback_url"),
        metadata=json.loads(form.get("metadata", "{}")),
        quality=QualityRule(form["quality"]) if "quality" in form else None,
        liveness=LivenessRule(form["liveness"]) if "liveness" in form else None,
        liveness_sides=LivenessSides(form["liveness_sides"]) if "liveness_sides" in form else None,
        expires_in_s=form.get("expires_in"),
    )


def _image(side: Side, part: FileStorage | str) -> bytes | ImageUrl | ImageUpload:
    if isinstance(part, FileStorage):
        body: bytes = part.read()
        return body
    if is_url(part):
        return ImageUrl(part.strip())
    if is_upload(part):
        return ImageUpload(part.strip())
    raise FieldRefused(side, "part_not_a_file", "send this part as a file, with a filename")


class WaitQuery(Schema):
    """How long to hold the answer."""

    class Meta:
        unknown = EXCLUDE

    wait = fields.Float(
        load_default=0.0,
        validate=validate.Range(min=0, error="wait_out_of_range|must be 0 or more seconds; found {input}"),
        error_messages={"invalid": "wait_invalid|must be a number of seconds; found {input}"},
        metadata={"description": "Seconds to wait for the job to end; the deployment sets an upper bound."},
    )


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


class JobErrorSchema(Schema):
    """Why we could not do our work."""

    code = fields.String(required=True)
    message = fields.String(required=True)


class CalibratedFmrSchema(Schema):
    """What a calibrated threshold stands for; `low` and `high` are its one-sided 95 % Clopper-Pearson limits."""

    target_fmr = fields.Float(required=True)
    errors = fields.Integer(required=True)
    trials = fields.Integer(required=True)
    low = fields.Float(required=True)
    high = fields.Float(required=True)
    run_id = fields.String(required=True)
    dataset = fields.String(required=True)


EXPIRES = {"description": "By when it has to be begun (`expires_in`); null: whenever a worker has time."}


class UrlsSchema(Schema):
    """Where to go from here."""

    self = fields.String(required=True)
    cancel = fields.String(required=True)


class JobSchema(Schema):
    """A comparison job. What is not known yet is null."""

    id = fields.String(required=True)
    owner = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Id of the API key it belongs to, the first of a row of rotated ones; null without keys."
        },
    )
    status = fields.Enum(Status, by_value=True, required=True)
    outcome = fields.String(required=True, allow_none=True, validate=validate.OneOf(["compared", "not_acquired"]))
    score = fields.Float(
        required=True, allow_none=True, metadata={"description": "Cosine, -1 to 1; larger is more alike."}
    )
    decision = fields.Enum(Decision, by_value=True, required=True, allow_none=True)
    threshold = fields.Float(required=True)
    threshold_origin = fields.String(required=True, metadata={"description": "Where the threshold comes from."})
    calibrated_fmr = fields.Nested(CalibratedFmrSchema, required=True, allow_none=True)
    calibration = fields.Nested(
        StandingSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null where nothing was compared, or the pack had no calibration."},
    )
    reasons = fields.List(fields.Nested(FailureToAcquireSchema), required=True)
    faces = fields.Dict(keys=fields.String(), values=fields.Nested(FaceSchema), required=True)
    seen = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(SeenSchema),
        required=True,
        metadata={"description": "By side: `reference`, `probe`; of every image that was decoded, used or not."},
    )
    pack = fields.String(required=True)
    pack_digest = fields.String(required=True, allow_none=True)
    policy = fields.Enum(Policy, by_value=True, required=True)
    quality = fields.Enum(
        QualityRule, by_value=True, required=True, metadata={"description": "What becomes of quality warnings."}
    )
    liveness = fields.Enum(
        LivenessRule, by_value=True, required=True, metadata={"description": "What becomes of liveness verdicts."}
    )
    liveness_sides = fields.Enum(
        LivenessSides,
        by_value=True,
        required=True,
        allow_none=True,
        metadata={"description": "Which images are judged; null where none is."},
    )
    pad = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(PadSchema),
        required=True,
        metadata={"description": "By side: `reference`, `probe`; of every image whose liveness was asked for."},
    )
    provider = fields.String(required=True, allow_none=True)
    detection_size = fields.Integer(required=True, allow_none=True)
    detection_threshold = fields.Float(required=True, allow_none=True)
    timings_ms = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
    attempts = fields.Integer(required=True)
    error = fields.Nested(JobErrorSchema, required=True, allow_none=True)
    metadata = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    callback_url = fields.String(required=True, allow_none=True)
    event_id = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Id of the event that announces the end, and of its delivery."},
    )
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    expires_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time", **EXPIRES})
    started_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    ended_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    urls = fields.Nested(UrlsSchema, required=True)


class JobListSchema(Schema):
    """A page of jobs, newest first."""

    jobs = fields.List(fields.Nested(JobSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class SimpleAnswerSchema(Schema):
    """The plain answer of `/compare`."""

    similarity_score = fields.Float(required=True, allow_none=True)
    is_match = fields.Boolean(required=True, allow_none=True)
    message = fields.String(required=True)
    job_id = fields.String(required=True)
