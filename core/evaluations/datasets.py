"""What everybody may know of an imported benchmark: its pointer in the object store."""

import json
import re
from dataclasses import dataclass

from core.errors import DatasetUnknown, ObjectNotFound
from core.storage.objects import ObjectStore

NAMES = "datasets/by-name/"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """A data set's name, the digest of its content, and its size."""

    name: str
    digest: str
    track: str
    images: int
    pairs: int
    shards: int


def find_dataset(name: str, objects: ObjectStore) -> DatasetFacts:
    """Raise DatasetUnknown, naming the data sets there are."""
    if NAME.fullmatch(name):
        try:
            known = json.loads(objects.get(f"{NAMES}{name}.json"))
        except ObjectNotFound:
            pass
        else:
            size = {"images": known["images"], "pairs": known["pairs"], "shards": len(known["shards"])}
            return DatasetFacts(name, known["digest"], known["track"], **size)
    names = sorted(key.removeprefix(NAMES).removesuffix(".json") for key in objects.keys(NAMES))
    raise DatasetUnknown(f"there is no data set {name!r}; there are: {', '.join(names) or 'none yet'}")
