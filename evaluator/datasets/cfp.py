"""Celebrities in Frontal-Profile, from the archive as it is published: lists and images in one.

Protocol/Pair_list_F.txt            1 ../Data/Images/001/frontal/01.jpg    numbers the frontal images
Protocol/Pair_list_P.txt            1 ../Data/Images/001/profile/01.jpg    numbers the profile images
Protocol/Split/FP/01/same.txt       5,1     mated: frontal image 5 and profile image 1, fold 1
Protocol/Split/FP/01/diff.txt       5,97    non-mated; under FF both numbers are of frontal images
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

from evaluator.datasets.faults import DatasetInvalid, Fault
from evaluator.datasets.pairs import Draft, Pair, PairList, rows_of, text_of, whole_number
from evaluator.datasets.sources import ImageSource
from evaluator.datasets.subjects import of_folder, with_subjects

FOLDS = 10
PAIRS_PER_FOLD = 350
KINDS = {"same": True, "diff": False}

Protocol = Literal["FF", "FP"]


def read_cfp(source: ImageSource, protocol: Protocol, *, pairs_per_fold: int = PAIRS_PER_FOLD) -> PairList:
    """Image ids are `001/frontal/01.jpg`; folds are those of the `Split` folders. Raise DatasetInvalid."""
    files = _lists(source, protocol)
    frontal = _numbered(files, source.name, "F")
    other = frontal if protocol == "FF" else _numbered(files, source.name, "P")
    draft = Draft(f"{source.name}, Split/{protocol}", repeats=True)
    for fold in range(1, FOLDS + 1):
        for kind, mated in KINDS.items():
            path = _split(protocol, fold, kind)
            rows = list(_rows(files[path], f"{source.name}, {path}"))
            if len(rows) != pairs_per_fold:
                draft.fault(None, f"{path} has {len(rows)} pairs, not {pairs_per_fold}")
            for line, columns in rows:
                numbers = [whole_number(column) or 0 for column in columns]
                if len(numbers) != 2 or numbers[0] not in frontal or numbers[1] not in other:
                    found = ",".join(columns)
                    draft.faults.append(
                        Fault(f"{source.name}, {path}", line, f"{found!r} is not two numbers of the pair lists")
                    )
                    continue
                draft.add(line, Pair(frontal[numbers[0]], other[numbers[1]], mated, fold, ()))
    listed = draft.finish()
    notes = (f"{draft.repeated} pairs repeat an earlier one, in either order, as published.",) if draft.repeated else ()
    return with_subjects(replace(listed, notes=notes, lines=()), of_folder)  # lines of twenty files


def _split(protocol: Protocol, fold: int, kind: str) -> str:
    return f"Protocol/Split/{protocol}/{fold:02d}/{kind}.txt"


def _lists(source: ImageSource, protocol: Protocol) -> Mapping[str, bytes]:
    wanted = {f"Protocol/Pair_list_{side}.txt" for side in {*protocol}}
    wanted |= {_split(protocol, fold, kind) for fold in range(1, FOLDS + 1) for kind in KINDS}
    found = dict(source.images(wanted))
    faults = [body for body in found.values() if isinstance(body, Fault)]
    if missing := sorted(wanted - found.keys()):
        what = f"{missing[0]} is not in it; the archive as published, cfp-dataset.tgz, has it"
        faults.append(Fault(source.name, None, f"{what} (lists missing: {len(missing)})"))
    if faults:
        raise DatasetInvalid(faults)
    return {path: body for path, body in found.items() if isinstance(body, bytes)}


def _numbered(files: Mapping[str, bytes], source: str, side: str) -> dict[int, str]:
    """The image of each number."""
    path = f"Protocol/Pair_list_{side}.txt"
    images, faults = {}, []
    for line, columns in rows_of(files[path], f"{source}, {path}"):
        number = whole_number(columns[0])
        parts = columns[-1].split("/")[-3:]
        if len(columns) != 2 or number is None or len(parts) != 3:
            faults.append(Fault(f"{source}, {path}", line, "a line has a number and the path of an image"))
        else:
            images[number] = "/".join(parts)
    if faults:
        raise DatasetInvalid(faults)
    return images


def _rows(body: bytes, source: str) -> Iterator[tuple[int, list[str]]]:
    for line, text in enumerate(text_of(body, source).split("\n"), 1):
        if text.strip():
            yield line, [column.strip() for column in text.split(",")]
