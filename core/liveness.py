"""Whether a person was in front of the camera: presentation attack detection (PAD). No I/O, no framework.

The words are those of ISO/IEC 30107: docs/liveness.md says what they mean here, and what is not detected.
"""

from dataclasses import dataclass
from enum import StrEnum


class LivenessRule(StrEnum):
    """What becomes of a verdict."""

    #: Nobody looks.
    OFF = "off"
    #: It is reported beside the score.
    REPORT = "report"
    #: Whatever is not bona fide is a failure to acquire: nothing is compared.
    REQUIRE = "require"


class LivenessSides(StrEnum):
    """Which images are judged."""

    #: The one in question: a reference is often a scan of a document, which is a printed photograph.
    PROBE = "probe"
    BOTH = "both"


class PadVerdict(StrEnum):
    """What an image was taken for."""

    BONA_FIDE = "bona_fide"
    ATTACK = "attack"
    NOT_JUDGED = "not_judged"


class NotJudged(StrEnum):
    """Why there is no score."""

    #: What the networks look at, the face and what is around it, reaches beyond the image.
    CROP_OUTSIDE_IMAGE = "crop_outside_image"
    #: It has fewer pixels than the networks take.
    CROP_TOO_SMALL = "crop_too_small"
    #: The image gave no usable face: its own reason says why.
    NOT_ACQUIRED = "not_acquired"


@dataclass(frozen=True, slots=True)
class Liveness:
    """What is asked for."""

    rule: LivenessRule = LivenessRule.OFF
    sides: LivenessSides = LivenessSides.PROBE

    @property
    def is_off(self) -> bool:
        """Whether no image is judged."""
        return self.rule is LivenessRule.OFF

    def judges(self, side: str) -> bool:
        """Whether the image of this side, `reference` or `probe`, is judged."""
        return not self.is_off and (self.sides is LivenessSides.BOTH or side == self.sides)


#: Where nobody says otherwise.
NO_LIVENESS = Liveness()


@dataclass(frozen=True, slots=True)
class PadResult:
    """What was found of one image, and on what it rests."""

    verdict: PadVerdict
    #: 0 to 1; larger is more like a living face. None where it was not judged.
    score: float | None
    #: A score that is as large is bona fide.
    threshold: float
    #: The pack that judged: its name and digest.
    pack: str
    pack_digest: str
    #: None where it was judged.
    reason: NotJudged | None = None
    #: Names what was found and the limit; empty where it was judged.
    detail: str = ""

    @property
    def sentence(self) -> str:
        """Why an image is not taken for bona fide, for people."""
        if self.score is None:
            return f"liveness was not judged: {self.detail}"
        return (
            f"the image looks like a presentation attack, a print or a screen: liveness score {self.score:.3f}; "
            f"at least {self.threshold:g}"
        )
