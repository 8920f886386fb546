"""What is recorded of an imported data set, and the digest that names its content."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from core.evaluations.datasets import NAMES
from core.reasons import reason_of
from core.vocabulary import Track
from evaluator.datasets.benchmark import Kind
from evaluator.datasets.faults import DatasetCorrupt

FORMAT = 1
ROOT = "datasets"


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard, as the manifest lists it."""

    #: Where it lies in the object store.
    key: str
    sha256: str
    #: In its order.
    image_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dataset:
    """An imported data set."""

    name: str
    kind: Kind
    track: Track
    #: Of its content, by `content_digest`.
    digest: str
    #: Unique ones.
    images: int
    pairs: int
    #: How many of the pairs are.
    mated: int
    #: How many there are; 0 where the pairs have none.
    folds: int
    #: The columns by which pairs are grouped.
    group_names: tuple[str, ...]
    #: Sentences for the report: what was assumed when it was read.
    notes: tuple[str, ...]
    #: Of the canonical CSV.
    pairs_sha256: str
    shards: tuple[Shard, ...]
    #: Who is on each image; None where the list does not say, and in what 0.1.0 imported.
    subjects: Mapping[str, str] | None = None

    @property
    def people(self) -> int | None:
        """How many there are; None where it is not known."""
        return None if self.subjects is None else len({*self.subjects.values()})


def content_digest(track: Track, image_sha256: Mapping[str, str], canonical_pairs: bytes) -> str:
    """SHA-256 over the format, the track, every image's digest and id in the order of ids, and the canonical CSV.

    Neither the archive's form nor the size of the shards matters. As text, before the CSV:

        likeness-dataset 1 raw
        <sha256 of the image>  <image id>
        ...
        <empty line>
    """
    digest = hashlib.sha256(f"likeness-dataset {FORMAT} {track}\n".encode())
    for image_id, sha256 in sorted(image_sha256.items()):
        digest.update(f"{sha256}  {image_id}\n".encode())
    digest.update(b"\n" + canonical_pairs)
    return digest.hexdigest()


def folder(digest: str) -> str:
    """Where the content lies."""
    return f"{ROOT}/{digest}/"


def manifest_key(digest: str) -> str:
    """The manifest: the last object of the content to be written, the first to go."""
    return f"{folder(digest)}manifest.json"


def pairs_key(digest: str) -> str:
    """The pair list, as canonical CSV."""
    return f"{folder(digest)}pairs.csv"


def shard_key(digest: str, number: int) -> str:
    """One shard of the images."""
    return f"{folder(digest)}shard-{number:04d}.tar"


def pointer_key(name: str) -> str:
    """The object that makes a data set visible under its name."""
    return f"{NAMES}{name}.json"


def encode(dataset: Dataset) -> bytes:
    """As JSON that a human can read."""
    return json.dumps({"format": FORMAT} | asdict(dataset), indent=1, ensure_ascii=False).encode()


def decode(body: bytes) -> Dataset:
    """Raise DatasetCorrupt for what this version does not understand."""
    try:
        values = json.loads(body)
        if (written := values.pop("format")) != FORMAT:
            raise DatasetCorrupt(f"the manifest has format {written!r}; this version reads format {FORMAT}")
        shards = tuple(Shard(s["key"], s["sha256"], tuple(s["image_ids"])) for s in values.pop("shards"))
        group_names, notes = tuple(values.pop("group_names")), tuple(values.pop("notes"))
        track = Track(values.pop("track"))
        return Dataset(**values, track=track, group_names=group_names, notes=notes, shards=shards)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DatasetCorrupt(f"the manifest cannot be read: {reason_of(error)}") from error
