"""Lists of names, one for each group of people: they give the two images of a pair their groups."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from evaluator.datasets.faults import DatasetInvalid, Fault
from evaluator.datasets.pairs import PairList, has_control_characters, rows_of

#: The two columns; what belongs to the reference comes first.
SIDES = ("reference_group", "probe_group")


@dataclass(frozen=True, slots=True)
class NameList:
    """A group and who is in it."""

    label: str
    #: Image ids, file names of images, or names of people, which are the first folder of an id.
    names: frozenset[str]
    #: Name of the file, for faults.
    source: str

    @classmethod
    def read(cls, body: bytes, source: str) -> "NameList":
        """One name a line. `male_names.txt` is the group `male`. Raise DatasetInvalid."""
        stem = PurePosixPath(source).stem
        label = stem.removesuffix("_names").removesuffix("-names")
        names = frozenset(" ".join(columns) for _, columns in rows_of(body, source))
        if not names or not label or has_control_characters(label):
            what = "has no name in it" if not names else "must be called after its group, as male_names.txt is"
            raise DatasetInvalid([Fault(source, None, what)])
        return cls(label, names, source)


def with_groups(pairs: PairList, lists: Iterable[NameList]) -> PairList:
    """The pairs with two more columns: the group of each side, empty for an image of no list, or of several.

    Raise DatasetInvalid for a list that names none of the images, for two lists of one group, and where the pairs have
    these columns already.
    """
    lists = tuple(lists)
    labels = Counter(of_group.label for of_group in lists)
    faults = [
        Fault(pairs.source, None, f"has the column {name} already") for name in SIDES if name in pairs.group_names
    ]
    faults += [Fault(of.source, None, f"is a second list of {of.label}") for of in lists[1:] if labels[of.label] > 1]
    found = {
        image: tuple(of.label for of in lists if not of.names.isdisjoint(_called(image))) for image in pairs.image_ids
    }
    used = {label for of_image in found.values() for label in of_image}
    faults += [
        Fault(of.source, None, f"names none of the {len(found)} images, such as {pairs.image_ids[0]}")
        for of in lists
        if of.label not in used
    ]
    if faults:
        raise DatasetInvalid(faults)
    group = {image: of_image[0] if len(of_image) == 1 else "" for image, of_image in found.items()}
    rows = tuple(replace(pair, groups=(*pair.groups, group[pair.reference], group[pair.probe])) for pair in pairs.pairs)
    note = _note(found, sum(bool(group[pair.reference] and group[pair.probe]) for pair in rows), len(rows))
    return replace(pairs, pairs=rows, group_names=(*pairs.group_names, *SIDES), notes=(*pairs.notes, note))


def _called(image: str) -> set[str]:
    """What a list may call an image."""
    parts = image.split("/")
    return {image, parts[-1], parts[0]}


def _note(found: Mapping[str, tuple[str, ...]], whole: int, pairs: int) -> str:
    none, several = sum(not of for of in found.values()), sum(len(of) > 1 for of in found.values())
    note = f"Groups are from lists of names: {whole} of {pairs} pairs have one on both sides."
    if none or several:
        note += f" Of {len(found)} images {none} stand in no list and {several} in more than one: they have no group."
    return note
