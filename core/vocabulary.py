"""The vocabulary of a comparison. No I/O, no framework; a stranger can read it aloud."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.liveness import PadResult
from core.quality import Seen
from core.standing import Standing

#: An image that fits into a square of this side, in pixels, is detected at this size and not blown up to a larger
#: one: on LFW (250x250) detection at 640 costs four times as much as at 320 and loses accuracy (docs/engine.md).
SMALL_DETECTION_SIZE = 320


class Side(StrEnum):
    """Which of the two images: the sample in question, or the one it is compared with."""

    REFERENCE = "reference"
    PROBE = "probe"


class Decision(StrEnum):
    """What the system decides. The truth about a pair is `mated` or `non-mated`, never this."""

    MATCH = "match"
    NON_MATCH = "non_match"


class Policy(StrEnum):
    """Which face counts where an image shows several."""

    LARGEST = "largest"
    MOST_CENTRAL = "most_central"
    REQUIRE_ONE = "require_one"


class ImageFormat(StrEnum):
    """The image formats there is a decoder for; a deployment may accept fewer (LIKENESS_IMAGE_FORMATS)."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"
    HEIC = "heic"
    GIF = "gif"
    BMP = "bmp"
    TIFF = "tiff"

    @property
    def media_type(self) -> str:
        """As IANA lists it."""
        return f"image/{self}"

    @property
    def label(self) -> str:
        """For people."""
        return "WebP" if self is ImageFormat.WEBP else self.upper()


def labels(formats: Sequence[ImageFormat], conjunction: str = "and") -> str:
    """Formats in a sentence.

    >>> labels([ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP], "or")
    'JPEG, PNG or WebP'
    """
    *others, last = [image_format.label for image_format in formats]
    return f"{', '.join(others)} {conjunction} {last}" if others else last


class Track(StrEnum):
    """What a benchmark's images are: photographs to detect faces in, or crops that go to the recogniser as they are."""

    RAW = "raw"
    ALIGNED = "aligned"


class Reason(StrEnum):
    """Why an image gave no usable face: a failure to acquire (FTA)."""

    NO_FACE = "no_face"
    MULTIPLE_FACES = "multiple_faces"
    FACE_TOO_SMALL = "face_too_small"
    UNDECODABLE_IMAGE = "undecodable_image"
    IMAGE_TOO_LARGE = "image_too_large"
    # Only where quality is required: each is a `QualityWarning`.
    EXTREME_POSE = "extreme_pose"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    OVEREXPOSED = "overexposed"
    LOW_RESOLUTION = "low_resolution"
    FACE_CUT_OFF = "face_cut_off"
    # Only where liveness is required.
    PRESENTATION_ATTACK = "presentation_attack"
    LIVENESS_NOT_JUDGED = "liveness_not_judged"


@dataclass(frozen=True, slots=True)
class Compared:
    """A completed comparison. A larger score (cosine, -1..1) means more alike."""

    score: float

    def decide(self, threshold: float) -> Decision:
        """A score exactly on the threshold is a match, here and in every metric."""
        return Decision.MATCH if self.score >= threshold else Decision.NON_MATCH


@dataclass(frozen=True, slots=True)
class FailureToAcquire:
    """No usable face in one image; `detail` names the measured value and the limit."""

    side: Side
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class NotAcquired:
    """A result to be counted, not an error to be raised."""

    failures: tuple[FailureToAcquire, ...]


@dataclass(frozen=True, slots=True)
class CalibratedFmr:
    """What a calibrated threshold stands for."""

    #: The named FMR, 0 to 1, that the threshold keeps.
    target_fmr: float
    #: False matches ...
    errors: int
    #: ... in so many non-mated comparisons of the run.
    trials: int
    #: Lower end of the 95 % Clopper-Pearson interval of the FMR.
    low: float
    #: Its upper end.
    high: float
    run_id: str
    #: Its name.
    dataset: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """A decision threshold on the comparison score."""

    #: -1 to 1; a score that is as large is a match.
    value: float
    #: Where it comes from, for people; `request` where the client named it.
    origin: str
    #: None where no run has shown what FMR it keeps.
    calibrated: CalibratedFmr | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """The selected face."""

    #: Left, top, right and bottom in pixels of the upright image.
    box: tuple[float, float, float, float]
    #: 0 to 1.
    detection_score: float
    #: How many the image has, this one included.
    faces_found: int
    #: Side of the detector's input, in pixels.
    detection_size: int
    #: How far the image had to be turned clockwise for the face to stand upright; 0 to 359.
    turned_deg: int = 0


@dataclass(frozen=True, slots=True)
class PackIdentity:
    """A model pack, named beyond doubt: `digest` covers every file that is loaded."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What a score depends on beside the two images; recorded in every result."""

    pack: PackIdentity
    #: What computes: `cpu`, `cuda`, `tensorrt`, `openvino-bf16`, `openvino-f32`, `triton`.
    provider: str
    #: Side of the detector's largest input, in pixels.
    detection_size: int
    #: Least detection score of a face, 0 to 1.
    detection_threshold: float
    #: Least shorter side of a face, in pixels.
    min_face_px: int
    #: Below it, 0 to 1, an image is looked at again; 0 in what was recorded before there were further looks.
    clear_detection_score: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """What a worker found out."""

    outcome: Compared | NotAcquired
    #: None where nothing was compared.
    decision: Decision | None
    threshold: Threshold
    policy: Policy
    engine: EngineFacts
    #: Of the sides that were acquired.
    faces: dict[Side, Face]
    #: A step's name to milliseconds.
    timings_ms: dict[str, float]
    #: Of every side whose image was decoded; empty in records of before.
    seen: dict[Side, Seen] = field(default_factory=dict)
    #: Of every side whose liveness was asked for.
    pad: dict[Side, PadResult] = field(default_factory=dict)
    #: What the pack's calibration said of the score at that moment; None without a score, a calibration, or in records
    #: of before.
    standing: Standing | None = None
