"""What everybody may know of an imported benchmark: its pointer in the object store."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass

from core.errors import DatasetUnknown, ObjectNotFound
from core.storage.objects import Objects
from core.vocabulary import Track

NAMES = "datasets/by-name/"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """A data set's name, the digest of its content, and its size."""

    name: str
    digest: str
    track: Track
    #: Unique ones.
    images: int
    pairs: int
    shards: int


def find_dataset(name: str, objects: Objects) -> DatasetFacts:
    """Raise DatasetUnknown, naming the data sets there are."""
    try:
        known = json.loads(read_manifest(name, objects))
        size = {"images": known["images"], "pairs": known["pairs"], "shards": len(known["shards"])}
        return DatasetFacts(name, known["digest"], Track(known["track"]), **size)
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetUnknown(f"what is stored as the manifest of {name!r} is none: import it again") from error


def read_manifest(name: str, objects: Objects) -> bytes:
    """The manifest under a name, as it is stored. Raise DatasetUnknown, naming the data sets there are."""
    if NAME.fullmatch(name):
        with suppress(ObjectNotFound):
            return objects.get(f"{NAMES}{name}.json")
    names = sorted(key.removeprefix(NAMES).removesuffix(".json") for key in objects.keys(NAMES))
    raise DatasetUnknown(f"there is no data set {name!r}; there are: {', '.join(names) or 'none yet'}")
