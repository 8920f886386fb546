"""What a report says beside its numbers: which run, on what, with what. Plain values, given by whoever ran it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.evaluations.pipeline import Pipeline
from core.packs.catalogue import Pack, PublishedFigure, directory_identity
from core.vocabulary import Threshold, Track


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """The benchmark. What can be counted is counted in the score table."""

    name: str
    #: The form it was imported from: `lfw`, `csv`, ...
    kind: str
    track: Track
    digest: str
    #: Sentences for the report.
    notes: tuple[str, ...] = ()

    @property
    def derives_from_lfw(self) -> bool:
        """Whether LFW's disclaimer is about these images: LFW itself, CALFW, CPLFW, and what is named after them."""
        return any("lfw" in text.lower() for text in (self.name, self.kind))

    def is_benchmark(self, name: str) -> bool:
        """Whether a figure published for the benchmark `name` belongs beside this data set."""
        return name.lower() in (self.name.lower(), self.kind.lower())


@dataclass(frozen=True, slots=True)
class PackFacts:
    """The pack, the threshold it decides by, and what others published of it."""

    name: str
    digest: str
    licence: str
    commercial_use: bool
    threshold: Threshold
    published: tuple[PublishedFigure, ...] = ()

    @classmethod
    def of(cls, pack: Pack) -> "PackFacts":
        """As the list of packs has it."""
        digest = directory_identity(pack).digest
        return cls(pack.name, digest, pack.licence, pack.commercial_use, pack.threshold, pack.published)


@dataclass(frozen=True, slots=True)
class CostFacts:
    """What the embeddings cost. Nothing of it is in the score file, which does not depend on time."""

    #: How many images this run embedded itself, by workers that said how long it took; what was there took nothing.
    embedded_images: int
    #: What these took, one worker's time added to another's; with detection, and beside whatever else ran there.
    embedding_s: float
    #: What these workers run on.
    machines: tuple[str, ...]
    #: Numbers in an embedding.
    embedding_dimension: int
    #: All files of the pack; None where it is not on the evaluator's disk.
    pack_bytes: int | None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run."""

    run_id: str
    #: Seconds since the epoch, UTC.
    created_at: float
    dataset: DatasetFacts
    pack: PackFacts
    pipeline: Pipeline
    #: What the embeddings were made with.
    engine: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    #: Versions, by name.
    software: Mapping[str, str] = field(default_factory=dict)
    #: A step's name to seconds.
    timings: Mapping[str, float] = field(default_factory=dict)
    #: None where it was not noted.
    cost: CostFacts | None = None
