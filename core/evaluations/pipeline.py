"""What an embedding of a benchmark's image depends on beside the image."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from core.vocabulary import Policy, Track

#: Changes whenever the pipeline gives other embeddings for the same images: old parts are then not reused.
PIPELINE_VERSION = 4


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everything an embedding depends on beside the image; names the cache of embeddings."""

    #: Its name.
    pack: str
    pack_digest: str
    track: Track
    #: Whether the embedding of the mirrored crop is added.
    flip: bool
    policy: Policy
    #: Side of the detector's input, in pixels.
    detection_size: int
    #: Least detection score of a face, 0 to 1.
    detection_threshold: float
    #: Least shorter side of a face, in pixels.
    min_face_px: int
    #: What computes; `auto` where any but OpenVINO may.
    provider: str
    #: Below it, 0 to 1, an image is looked at again.
    clear_detection_score: float = 0.0
    version: int = PIPELINE_VERSION

    @property
    def digest(self) -> str:
        """SHA-256 over all fields."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """As a message carries it."""
        return cls(**{**fields, "track": Track(fields["track"]), "policy": Policy(fields["policy"])})


def part_prefix(pipeline: Pipeline, dataset_digest: str) -> str:
    """Where the embeddings of a data set under a pipeline lie; a second run finds what is there."""
    return f"embeddings/{dataset_digest}/{pipeline.digest}/"
