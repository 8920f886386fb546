"""What a comparison is asked for with: a form or a body, and how long to wait."""

import json
import math
from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.datastructures import FileStorage

from api.schemas.common import StrictForm
from api.schemas.images import ImageText, image_file, is_upload, is_url
from core.comparisons.submission import FieldRefused, ImageUpload, ImageUrl, Submission
from core.liveness import LivenessRule, LivenessSides
from core.quality import QualityRule
from core.reasons import reason_of
from core.storage.deadlines import FEWEST_S, MOST_S
from core.vocabulary import ImageFormat, Policy, Side, labels
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
    return terms_of(form, reference=reference, probe=probe)


def terms_of(
    form: Mapping[str, Any], *, reference: bytes | ImageUrl | ImageUpload, probe: bytes | ImageUrl | ImageUpload
) -> Submission:
    """These two images, on the terms that a valid form asks for."""
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
