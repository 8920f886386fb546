"""Who is on each image: from the names that a list gives its images, or from columns of its own."""

import re
from collections.abc import Callable
from dataclasses import replace

from evaluator.datasets.pairs import PairList

#: Columns of one's own; both or neither.
COLUMNS = ("reference_subject", "probe_subject")

_NUMBERED = re.compile(r"(.+)_[0-9]+\.[A-Za-z]+")


def of_folder(image: str) -> str | None:
    """LFW and CFP keep a person's images in one folder.

    >>> of_folder("Abel_Pacheco/Abel_Pacheco_0001.jpg"), of_folder("001/profile/01.jpg"), of_folder("one.jpg")
    ('Abel_Pacheco', '001', None)
    """
    folder, slash, _ = image.partition("/")
    return folder if slash else None


def of_file_name(image: str) -> str | None:
    """CALFW and CPLFW number them.

    >>> of_file_name("AJ_Cook_0001.jpg"), of_file_name("AJ_Cook_1.jpg"), of_file_name("one.jpg")
    ('AJ_Cook', 'AJ_Cook', None)
    """
    numbered = _NUMBERED.fullmatch(image)
    return numbered[1] if numbered else None


def with_subjects(pairs: PairList, name_of: Callable[[str], str | None]) -> PairList:
    """The list with what `name_of` makes of its image ids; as it was where that cannot be right.

    It cannot where an image has no name, or the two of a mated pair have two, or those of a non-mated pair one.
    """
    subjects = {image: name for image in pairs.image_ids if (name := name_of(image))}
    known = len(subjects) == len(pairs.image_ids)
    if known and all((subjects[pair.reference] == subjects[pair.probe]) == pair.mated for pair in pairs.pairs):
        return replace(pairs, subjects=subjects)
    return pairs
