"""A list that is not what it was given as: named as what it is, with what to do instead."""

import re
from collections.abc import Mapping, Sequence

from evaluator.datasets.pairs import whole_number

_IMAGE = re.compile(r"[^/\s]+\.(jpg|jpeg|png|bmp)", re.IGNORECASE)
_BINARY: Mapping[bytes, str] = {
    b"\x80": "a pickle, as InsightFace's .bin files are: evaluate import bin --file FILE",
    b"\x1f\x8b": "a compressed archive; it goes to --archive, the list within it (unpacked) to --pairs",
    b"PK": "a zip archive; it goes to --archive, the list within it (unpacked) to --pairs",
    b"Rar!": "a .rar archive: unpack it; the folder of images goes to --archive, the list to --pairs",
    b"MATLAB": "a MATLAB file; the same list is published as text, which is what is read",
}
_VIEW_1 = (
    "LFW's View 1 (pairsDevTrain, pairsDevTest), which is for choosing a model and has no folds; results are reported "
    "on View 2: give pairs.txt. To run View 1 all the same, write it as a CSV of your own"
)
_PEOPLE = (
    "a list of people (people.txt, peopleDevTrain.txt, peopleDevTest.txt, lfw-names.txt), which has no pairs: give "
    "View 2's pairs.txt"
)
_NAMES = (
    "a list of images without pairs, as male_names.txt and female_names.txt are: give it as --names, beside --pairs"
)


def what_it_is(body: bytes, kind: str) -> str | None:
    """What this list is, if it is known and another than `kind`; by what stands in it, not by its name.

    >>> what_it_is(b"10\\t300\\nAbel_Pacheco\\t1\\t4\\n", "cplfw")
    "LFW's pairs.txt (View 2): evaluate import lfw"
    """
    for magic, what in _BINARY.items():
        if body.startswith(magic):
            return what
    try:
        text = body[:200_000].decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if body[200_000:] and lines:
        lines.pop()  # it may be cut
    kinds, known = _known(lines) if lines else ((), None)
    return None if kind in kinds else known


def _known(lines: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
    """The kinds that read such a list, and what it is."""
    head, body = lines[0], lines[1:3000]
    first = head.split()
    names = [cell.strip().lower() for cell in head.split(",")]
    columns = [line.split() for line in body]
    width = {len(row) for row in columns}
    if {"reference", "probe", "mated"} <= {*names}:
        return ("csv",), "a CSV of one's own: evaluate import csv"
    if names[:3] == ["name", "imagenum1", "imagenum2"]:
        cells = [[cell for cell in line.split(",") if cell.strip()] for line in body]
        if len({len(row) for row in cells}) > 1:
            return ("lfw",), "LFW's pairs.csv (View 2): evaluate import lfw"
        return (), _VIEW_1
    if names[:2] == ["name", "imagenum1"] and len(names) > 2:
        return (), _VIEW_1
    if names[:2] == ["name", "images"]:
        return (), _PEOPLE
    if len(first) == 2 and all(map(whole_number, first)) and width <= {3, 4} and columns:
        return ("lfw",), "LFW's pairs.txt (View 2): evaluate import lfw"
    if len(first) == 1 and whole_number(first[0]):
        if width and width <= {3, 4}:
            return (), _VIEW_1
        if width <= {1, 2}:
            return (), _PEOPLE
    if all(re.fullmatch(r"[0-9]+,[0-9]+", line) for line in lines) or all("/Images/" in line for line in lines):
        return (
            (),
            "a part of CFP's protocol: evaluate import cfp-fp (or cfp-ff) --archive cfp-dataset.tgz reads it itself",
        )
    if all(_IMAGE.fullmatch(line) for line in lines):
        return (), _NAMES
    if columns and width == {2}:
        if all(_IMAGE.fullmatch(row[0]) and whole_number(row[1]) is not None for row in columns):
            return ("calfw", "cplfw"), "the list of CALFW or CPLFW: evaluate import calfw, or cplfw"
        if all("." not in row[0] and whole_number(row[1]) for row in columns):
            return (), _PEOPLE
    return (), None
