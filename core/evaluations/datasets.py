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
    #: How its pair list was written; None where that is not recorded, as all that follows.
    kind: str | None = None
    #: How many of the pairs are.
    mated: int | None = None
    #: How many there are; 0 where the pairs have none.
    folds: int | None = None
    #: How many; None too where the list does not say who is on an image.
    people: int | None = None
    #: The columns by which pairs are grouped.
    group_names: tuple[str, ...] = ()


def list_datasets(objects: Objects) -> list[DatasetFacts]:
    """Every data set there is, by name; one whose manifest is none, or that goes meanwhile, is left out."""
    found = []
    for name in _names(objects):
        with suppress(DatasetUnknown):
            found.append(find_dataset(name, objects))
    return found


def find_dataset(name: str, objects: Objects) -> DatasetFacts:
    """Raise DatasetUnknown, naming the data sets there are."""
    try:
        known = json.loads(read_manifest(name, objects))
        subjects = known.get("subjects")
        return DatasetFacts(
            name,
            known["digest"],
            Track(known["track"]),
            images=known["images"],
            pairs=known["pairs"],
            shards=len(known["shards"]),
            **{fact: known.get(fact) for fact in ("kind", "mated", "folds")},
            people=None if subjects is None else len({*subjects.values()}),
            group_names=tuple(known.get("group_names", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetUnknown(f"what is stored as the manifest of {name!r} is none: import it again") from error


def read_manifest(name: str, objects: Objects) -> bytes:
    """The manifest under a name, as it is stored. Raise DatasetUnknown, naming the data sets there are."""
    if NAME.fullmatch(name):
        with suppress(ObjectNotFound):
            return objects.get(f"{NAMES}{name}.json")
    raise DatasetUnknown(f"there is no data set {name!r}; there are: {', '.join(_names(objects)) or 'none yet'}")


def _names(objects: Objects) -> list[str]:
    return sorted(key.removeprefix(NAMES).removesuffix(".json") for key in objects.keys(NAMES))
