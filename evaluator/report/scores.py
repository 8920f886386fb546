"""The score file: one row a pair, from which every number of a report can be computed again."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite

import numpy as np

from core.errors import LikenessError
from evaluator.metrics import ScoreSet

BEFORE_GROUPS = ("reference", "probe", "mated", "fold")
AFTER_GROUPS = ("score", "reference_failure", "probe_failure")
#: The last columns of the file, where it is known who is on the images.
SUBJECTS = ("reference_subject", "probe_subject")
#: What a group must not be called.
RESERVED_COLUMNS = (*BEFORE_GROUPS, *AFTER_GROUPS)
#: How the columns begin that belong to one side of a pair.
REFERENCE, PROBE = "reference_", "probe_"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


class ScoreFileInvalid(LikenessError):
    """The score file cannot be read; the message names the line."""

    code = "score_file_invalid"


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A pair, its truth, and its score."""

    #: Id of an image.
    reference: str
    #: Likewise.
    probe: str
    mated: bool
    #: None where a side was not acquired.
    score: float | None
    #: None where the protocol has no folds.
    fold: int | None = None
    #: Its value for every group name of the table.
    groups: tuple[str, ...] = ()
    #: Why it was not acquired; None where it was.
    reference_failure: str | None = None
    #: Likewise.
    probe_failure: str | None = None
    #: Who the reference shows; None where the data set does not say.
    reference_subject: str | None = None
    #: Likewise.
    probe_subject: str | None = None

    @property
    def acquired(self) -> bool:
        """Whether there was a comparison."""
        return self.score is not None


@dataclass(frozen=True)  # without slots: what is made of the rows is made once
class ScoreTable:
    """The pairs of one run in the order of their list.

    Raise ValueError, naming the row (from 0), for a score that is not finite, one that is missing without a reason or
    present beside one, an image that fails in one row and not in another, folds or subjects that only some rows have,
    subjects that are not what `mated` says, and text that would not stay on its line.
    """

    rows: tuple[ScoreRow, ...]
    group_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Validate."""
        if fault := _first_fault(self.rows, self.group_names):
            row, what = fault
            raise ValueError(what if row is None else f"row {row}: {what}")

    @property
    def failures(self) -> dict[str, str | None]:
        """Every image once, sorted, with the reason why it was not acquired, or None."""
        found: dict[str, str | None] = {}
        for row in self.rows:
            found[row.reference] = row.reference_failure
            found[row.probe] = row.probe_failure
        return dict(sorted(found.items()))

    @property
    def folds(self) -> int:
        """How many folds there are; 0 when the pairs have none."""
        return len({row.fold for row in self.rows} - {None})

    @property
    def has_subjects(self) -> bool:
        """Whether it is known who is on the images."""
        return bool(self.rows) and self.rows[0].reference_subject is not None

    @cached_property
    def score_set(self) -> ScoreSet:
        """For the metrics."""
        return ScoreSet(
            score=np.array([np.nan if row.score is None else row.score for row in self.rows], dtype=np.float64),
            mated=np.array([row.mated for row in self.rows], dtype=np.bool_),
            acquired=np.array([row.acquired for row in self.rows], dtype=np.bool_),
            fold=np.array([row.fold for row in self.rows]) if self.folds else None,
            reference_subject=np.array([row.reference_subject for row in self.rows]) if self.has_subjects else None,
            probe_subject=np.array([row.probe_subject for row in self.rows]) if self.has_subjects else None,
        )

    @property
    def sided(self) -> tuple[str, ...]:
        """What both sides have a column of, `group` for `reference_group` and `probe_group`, in the columns' order.

        None that is the name of a column of the pairs as well.
        """
        columns = self.group_names
        names = (name.removeprefix(REFERENCE) for name in columns if name.startswith(REFERENCE))
        return tuple(name for name in names if name and f"{PROBE}{name}" in columns and name not in columns)

    def across(self, name: str) -> ScoreSet | None:
        """For the metrics: the pairs of which both sides are labelled, by `a` within a group and by `a/b` across two.

        Which side is the reference makes no difference. None where no pair has both labels.
        """
        reference, probe = (self.group_names.index(f"{side}{name}") for side in (REFERENCE, PROBE))
        labels = np.array([_both(row.groups[reference], row.groups[probe]) for row in self.rows])
        labelled = labels != ""
        if not labelled.any():
            return None
        of_all = self.score_set
        kept = (of_all.score[labelled], of_all.mated[labelled], of_all.acquired[labelled])
        return ScoreSet(*kept, group=labels[labelled])

    def grouped(self, name: str) -> ScoreSet:
        """For the metrics, with this group's column as the group label."""
        column = self.group_names.index(name)
        return replace(self.score_set, group=np.array([row.groups[column] for row in self.rows]))

    @cached_property
    def csv(self) -> bytes:
        """The score file: the same bytes for the same table, always.

        `repr` writes the shortest digits that give the float back.
        """
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        subjects = SUBJECTS if self.has_subjects else ()
        writer.writerow((*BEFORE_GROUPS, *self.group_names, *AFTER_GROUPS, *subjects))
        for row in self.rows:
            score = "" if row.score is None else repr(float(row.score))
            fold = "" if row.fold is None else row.fold
            failures = (row.reference_failure or "", row.probe_failure or "")
            people = (row.reference_subject, row.probe_subject) if subjects else ()
            writer.writerow((row.reference, row.probe, int(row.mated), fold, *row.groups, score, *failures, *people))
        return text.getvalue().encode()


def from_csv(body: bytes) -> ScoreTable:
    """The table whose `csv` this is. Raise ScoreFileInvalid with the number of the first line that is wrong."""
    lines = _lines(body)
    line, header = next(lines, (1, []))
    subjects = SUBJECTS if tuple(header[-len(SUBJECTS) :]) == SUBJECTS else ()
    after = (*AFTER_GROUPS, *subjects)
    groups = tuple(header[len(BEFORE_GROUPS) : -len(after)])
    if tuple(header) != (*BEFORE_GROUPS, *groups, *after):
        expected = f"{','.join(BEFORE_GROUPS)},[groups...],{','.join(AFTER_GROUPS)}[,{','.join(SUBJECTS)}]"
        raise ScoreFileInvalid(f"line {line}: the header is {','.join(header)!r}, it must be {expected}")
    rows, numbers = [], []
    for line, values in lines:
        if len(values) != len(header):
            raise ScoreFileInvalid(f"line {line}: {len(values)} columns, the header has {len(header)}")
        try:
            rows.append(_row(values if subjects else [*values, "", ""]))
        except ValueError as error:
            raise ScoreFileInvalid(f"line {line}: {error}") from None
        numbers.append(line)
    if not rows:
        raise ScoreFileInvalid("the file must have at least one pair; found none")
    if subjects and rows[0].reference_subject is None:
        raise ScoreFileInvalid(f"line {numbers[0]}: reference_subject is empty; without subjects the columns go")
    if fault := _first_fault(rows, groups):
        number, what = fault
        raise ScoreFileInvalid(f"line {1 if number is None else numbers[number]}: {what}")
    return ScoreTable(tuple(rows), groups)


def _lines(body: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ScoreFileInvalid(f"line {line}: is not UTF-8 text") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for values in filter(None, reader):
            yield reader.line_num, values
    except csv.Error as error:
        raise ScoreFileInvalid(f"line {reader.line_num}: {error}") from None


def _row(values: list[str]) -> ScoreRow:
    reference, probe, mated, fold, *groups, score, reference_failure, probe_failure, one, other = values
    if mated not in ("0", "1"):
        raise ValueError(f"mated is {mated!r}, it must be 1 or 0")
    if fold and not _WHOLE_NUMBER.fullmatch(fold):
        raise ValueError(f"fold is {fold!r}, it must be a whole number or empty")
    if score and not _NUMBER.fullmatch(score):
        raise ValueError(f"score is {score!r}, it must be a number or empty")
    return ScoreRow(
        reference,
        probe,
        mated == "1",
        float(score) if score else None,
        int(fold) if fold else None,
        tuple(groups),
        reference_failure or None,
        probe_failure or None,
        one or None,
        other or None,
    )


def _first_fault(rows: Sequence[ScoreRow], group_names: tuple[str, ...]) -> tuple[int | None, str] | None:
    """The number of the row, None for the header, and what is wrong there."""
    for name in group_names:
        if name in RESERVED_COLUMNS or group_names.count(name) > 1 or not name or _CONTROL.search(name):
            return None, f"a group must not be called {name!r}: reserved, there already, empty or not printable"
    failures: dict[str, str | None] = {}
    folded = bool(rows) and rows[0].fold is not None
    named = bool(rows) and rows[0].reference_subject is not None
    for number, row in enumerate(rows):
        if fault := _fault(row, len(group_names), folded) or _subject_fault(row, named):
            return number, fault
        for image, failure in ((row.reference, row.reference_failure), (row.probe, row.probe_failure)):
            if (before := failures.setdefault(image, failure)) != failure:
                return number, f"{image} was {_told(failure)}, but {_told(before)} in an earlier row"
    return None


def _fault(row: ScoreRow, groups: int, folded: bool) -> str | None:
    reasons = [reason for reason in (row.reference_failure, row.probe_failure) if reason is not None]
    if not row.reference or not row.probe or "" in reasons:
        return "each image must have an id, and each failure a reason"
    if odd := [text for text in (row.reference, row.probe, *row.groups, *reasons) if _CONTROL.search(text)]:
        return f"{odd[0]!r} has control characters"
    if len(row.groups) != groups:
        return f"{len(row.groups)} groups, where there are {groups} names"
    if (row.fold is not None) != folded:
        return "either every pair has a fold or none has"
    if row.score is not None and not isfinite(row.score):
        return f"score is {row.score}, it must be finite"
    if reasons and row.score is not None:
        return f"a pair with a failure to acquire must have an empty score; found {row.score}"
    if not reasons and row.score is None:
        return "a pair must have a score, or a reason why not; found neither"
    return None


def _subject_fault(row: ScoreRow, named: bool) -> str | None:
    one, other = row.reference_subject, row.probe_subject
    if {one is not None, other is not None} != {named} or "" in (one, other):
        return "either every pair names both its subjects or none does"
    if one is None or other is None:
        return None
    if odd := [text for text in (one, other) if _CONTROL.search(text)]:
        return f"{odd[0]!r} has control characters"
    if (one == other) != row.mated:
        return f"mated is {int(row.mated)}, but the subjects are {one!r} and {other!r}"
    return None


def _both(reference: str, probe: str) -> str:
    """What a pair is called by the groups of its sides; nothing where one has none."""
    if not reference or not probe or reference == probe:
        return reference if reference == probe else ""
    return "/".join(sorted((reference, probe)))


def _told(failure: str | None) -> str:
    return "acquired" if failure is None else f"not acquired ({failure})"
