"""What the evaluator asks the workers, and what they answer: one message and one answer a shard, as plain JSON."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self, TypeAlias

from core.evaluations.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class ShardMessage:
    """Embed the images of one shard and store them as a part. Keys travel, images and embeddings do not."""

    run_id: str
    #: Its number in the data set, from 0.
    shard: int
    shard_key: str
    shard_sha256: str
    #: Where the part goes.
    part_key: str
    #: How many the shard has.
    images: int
    pipeline: Pipeline

    def to_json(self) -> dict[str, Any]:
        """As a message carries it."""
        return asdict(self)

    @classmethod
    def from_json(cls, message: dict[str, Any]) -> Self:
        """As a worker reads it."""
        return cls(**{**message, "pipeline": Pipeline.from_json(message["pipeline"])})


@dataclass(frozen=True, slots=True)
class ShardEmbedded:
    """The part is written."""

    part_key: str
    #: How many it has a row for.
    images: int
    #: How many of them gave no face.
    failures: int
    #: Of the part.
    sha256: str
    #: What it took, and on what machine: not of the part, whose bytes are the same whenever it is made. None in answers
    #: of before.
    seconds: float | None = field(default=None, compare=False)
    machine: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ShardSkipped:
    """Nothing was written, and nothing had to be."""

    #: Where the part is, or would have been.
    part_key: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShardFailed:
    """The part could not be made."""

    #: Of a LikenessError, or `engine_error`.
    code: str
    message: str


ShardOutcome: TypeAlias = ShardEmbedded | ShardSkipped | ShardFailed


@dataclass(frozen=True, slots=True)
class ShardAnswer:
    """What became of one shard. A failure is an answer too: an exception would end the whole chord."""

    shard: int
    outcome: ShardOutcome

    def to_json(self) -> dict[str, Any]:
        """As a chord carries it to its body."""
        match self.outcome:
            case ShardSkipped(part_key, reason):
                fields: dict[str, Any] = {"part_key": part_key, "skipped": reason}
            case ShardFailed():
                fields = {"error": asdict(self.outcome)}
            case ShardEmbedded():
                fields = {name: value for name, value in asdict(self.outcome).items() if value is not None}
        return {"shard": self.shard, **fields}

    @classmethod
    def from_json(cls, answer: dict[str, Any]) -> Self:
        """As the evaluator reads it."""
        match answer:
            case {"error": {"code": code, "message": message}}:
                return cls(answer["shard"], ShardFailed(code, message))
            case {"skipped": reason, "part_key": part_key}:
                return cls(answer["shard"], ShardSkipped(part_key, reason))
        made = ShardEmbedded(
            answer["part_key"],
            answer["images"],
            answer["failures"],
            answer["sha256"],
            answer.get("seconds"),
            answer.get("machine"),
        )
        return cls(answer["shard"], made)
