"""The contract between the evaluator, which plans, and the workers, which embed: one message a shard."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from core.vocabulary import Policy

#: Changes whenever the pipeline gives other embeddings for the same images: old parts are then not reused.
PIPELINE_VERSION = 2


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everything an embedding depends on beside the image; names the cache of embeddings."""

    pack: str
    pack_digest: str
    track: str
    flip: bool
    policy: Policy
    detection_size: int
    detection_threshold: float
    min_face_px: int
    provider: str
    version: int = PIPELINE_VERSION

    @property
    def digest(self) -> str:
        """SHA-256 over all fields."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ShardMessage:
    """Embed the images of one shard and store them as a part. Keys travel, images and embeddings do not."""

    run_id: str
    shard: int
    shard_key: str
    shard_sha256: str
    part_key: str
    images: int
    pipeline: Pipeline

    def to_json(self) -> dict[str, Any]:
        """As a message carries it."""
        return asdict(self)

    @classmethod
    def from_json(cls, message: dict[str, Any]) -> Self:
        """As a worker reads it."""
        pipeline = Pipeline(**{**message["pipeline"], "policy": Policy(message["pipeline"]["policy"])})
        return cls(**{**message, "pipeline": pipeline})


def part_prefix(pipeline: Pipeline, dataset_digest: str) -> str:
    """Where the embeddings of a data set under a pipeline lie; a second run finds what is there."""
    return f"embeddings/{dataset_digest}/{pipeline.digest}/"
