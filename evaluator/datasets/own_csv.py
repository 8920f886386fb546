"""A plain CSV of one's own: `reference,probe,mated[,fold][,reference_subject,probe_subject][,group...]`.

Also the form in which pairs are stored, though without subjects: those are the manifest's, of each image once.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace

from evaluator.datasets.pairs import Draft, Pair, PairList, has_control_characters, text_of, whole_number
from evaluator.datasets.subjects import COLUMNS

REQUIRED = ("reference", "probe", "mated")
FOLD = "fold"
TRUTH = {"1": True, "true": True, "0": False, "false": False}


def parse_csv(body: bytes, source: str = "pairs.csv", *, repeats: bool = False) -> PairList:
    """Columns are found by their names; any other than the six is a group. Raise DatasetInvalid with every fault.

    `repeats` is for what was imported from a list that has some.
    """
    draft = Draft(source, repeats=repeats)
    rows = rows_of(text_of(body, source), draft.fault)
    line, names = next(rows, (1, []))
    if missing := [name for name in REQUIRED if name not in names]:
        draft.fault(line, f"the header lacks {', '.join(missing)}; it has {', '.join(names) or 'nothing'}")
    elif unnamed := [name for name in names if not name or names.count(name) > 1 or has_control_characters(name)]:
        draft.fault(line, f"the header has {unnamed[0]!r} twice, empty or with control characters")
    elif len(alone := [name for name in COLUMNS if name in names]) == 1:
        draft.fault(line, f"the header has {alone[0]} alone; {' and '.join(COLUMNS)} go together")
    else:
        group_names = tuple(name for name in names if name not in (*REQUIRED, FOLD, *COLUMNS))
        subjects: dict[str, str] = {}
        for line, values in rows:
            _add(draft, line, names, values, group_names)
            if alone and len(values) == len(names):
                _note_subjects(draft, line, dict(zip(names, values, strict=True)), subjects)
        return replace(draft.finish(group_names), subjects=subjects if alone else None)
    return draft.finish()


def rows_of(text: str, fault: Callable[[int, str], object]) -> Iterator[tuple[int, list[str]]]:
    """Line number and stripped values of every row that has any; quotes that do not close end the reading."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            values = [value.strip() for value in row]
            if any(values):
                yield reader.line_num, values
    except csv.Error as error:
        fault(reader.line_num, f"cannot be read on from here: {error}")


def canonical_csv(pairs: PairList) -> bytes:
    """The same bytes for the same pairs, always; `parse_csv` gives them back."""
    has_folds = bool(pairs.folds)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*REQUIRED, *([FOLD] if has_folds else []), *pairs.group_names))
    for pair in pairs.pairs:
        fold = [pair.fold] if has_folds else []
        writer.writerow((pair.reference, pair.probe, int(pair.mated), *fold, *pair.groups))
    return text.getvalue().encode()


def _note_subjects(draft: Draft, line: int, row: dict[str, str], subjects: dict[str, str]) -> None:
    """Add who is on the images of a row; a fault where it is not said, was said otherwise, or is not the truth."""
    for image, column in zip((row["reference"], row["probe"]), COLUMNS, strict=True):
        subject = row[column]
        if not subject or has_control_characters(subject):
            draft.fault(line, f"{column} is {subject!r}; it must name someone in every row")
        elif (before := subjects.setdefault(image, subject)) != subject:
            draft.fault(line, f"{image} shows {subject!r}, but {before!r} in an earlier row")
    same, mated = row[COLUMNS[0]] == row[COLUMNS[1]], TRUTH.get(row["mated"].lower())
    if mated is not None and mated != same:
        draft.fault(line, f"mated is {row['mated']!r}, but {' and '.join(COLUMNS)} are {'one' if same else 'two'}")


def _add(draft: Draft, line: int, names: list[str], values: list[str], group_names: tuple[str, ...]) -> None:
    if len(values) != len(names):
        draft.fault(line, f"{len(values)} columns, where the header has {len(names)}")
        return
    row = dict(zip(names, values, strict=True))
    mated = TRUTH.get(row["mated"].lower())
    fold = whole_number(row[FOLD]) if FOLD in row else None
    groups = tuple(row[name] for name in group_names)
    faults = []
    if mated is None:
        faults.append(f"mated is {row['mated']!r}; it must be 1, 0, true or false")
    if FOLD in row and fold is None:
        faults.append(f"fold is {row[FOLD]!r}; it must be a whole number")
    if any(has_control_characters(group) for group in groups):
        faults.append("a group has control characters")
    for what in faults:
        draft.fault(line, what)
    if not faults:
        draft.add(line, Pair(row["reference"], row["probe"], bool(mated), fold, groups))
