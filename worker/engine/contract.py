"""What a worker may ask of an engine, in our words. Imports no model library."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core.liveness import NO_LIVENESS, Liveness, PadResult
from core.quality import QualityRule, Seen
from core.traces import Mark
from core.vocabulary import Compared, EngineFacts, Face, NotAcquired, Policy, Reason, Side

#: Height x width x 3, BGR, upright. A crop is an Image of 112 x 112, or of the size that the pack declares.
Image = npt.NDArray[np.uint8]

#: One row per crop, each of length 1.
Embeddings = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Acquired:
    """One usable face: what is reported of it, and its aligned crop."""

    face: Face
    #: Never stored or logged.
    crop: Image
    #: A step's name to milliseconds.
    timings_ms: dict[str, float]
    seen: Seen | None = None
    #: None where nobody asked.
    pad: PadResult | None = None


@dataclass(frozen=True, slots=True)
class Unusable:
    """No face counts in an image."""

    reason: Reason
    #: Names the measured value and the limit.
    detail: str
    #: None where the image was not decoded.
    seen: Seen | None = None
    #: None where nobody asked.
    pad: PadResult | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two images gave."""

    outcome: Compared | NotAcquired
    #: Of the sides that were acquired.
    faces: dict[Side, Face]
    #: A step's name to milliseconds; of both sides together.
    timings_ms: dict[str, float]
    #: Of the sides that were decoded.
    seen: dict[Side, Seen] = field(default_factory=dict)
    #: Of the sides whose liveness was asked for.
    pad: dict[Side, PadResult] = field(default_factory=dict)
    #: When each step was, for traces; those of one side say which.
    marks: tuple[Mark, ...] = field(default=(), repr=False, compare=False)


class Priority(IntEnum):
    """Who comes first where both wait for the same device."""

    INTERACTIVE = 0
    EVALUATION = 1


class Embedder(Protocol):
    """Turns aligned crops into embeddings."""

    def embed(self, crops: Sequence[Image]) -> Embeddings:
        """Rows in the order of the crops, each of length 1."""
        ...


class FaceEngine(Embedder, Protocol):
    """A loaded model pack. Any number of threads may call it at a time.

    `compare` has the priority of interactive work, `acquire` and `embed` that of evaluations.
    """

    @property
    def facts(self) -> EngineFacts:
        """What a score of this engine depends on beside the two images."""
        ...

    @property
    def takes_insightfaces_crops(self) -> bool:
        """Whether a crop that was aligned elsewhere, as InsightFace aligns it, is what the recogniser wants."""
        ...

    def warm_up(self) -> float:
        """Run every step once; return the milliseconds it took. Ready only afterwards."""
        ...

    def acquire(self, body: bytes, policy: Policy, *, is_judged: bool = False) -> Acquired | Unusable:
        """Find the one face that counts. An image that gives none is a result, never an exception.

        `is_judged`: its liveness too. Raise LivenessNotInstalled where nothing judges.
        """
        ...

    def not_acquired(self, detail: str) -> PadResult:
        """What is said of the liveness of an image that gave no usable face. Raise LivenessNotInstalled."""
        ...

    def compare(
        self,
        reference: bytes,
        probe: bytes,
        policy: Policy,
        quality: QualityRule = QualityRule.REPORT,
        liveness: Liveness = NO_LIVENESS,
    ) -> Comparison:
        """Compare two images; the failures of both sides are reported where both fail.

        Raise LivenessNotInstalled where liveness is asked for and cannot be judged.
        """
        ...
