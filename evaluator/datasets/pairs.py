"""The vocabulary: which image is compared with which, and whether they show the same subject."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from evaluator.datasets.faults import DatasetInvalid, Fault

MAX_ID_BYTES = 512
#: What begins a formula, full-width forms included (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_AS_FORMULA = "would be a formula in a spreadsheet; it must not begin with = + - @"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Pair:
    """A comparison trial and its truth."""

    #: Id of an image, such as `Name/Name_0001.jpg`; never a path.
    reference: str
    #: Likewise.
    probe: str
    #: The truth: whether both show the same subject.
    mated: bool
    #: None where the protocol has no folds.
    fold: int | None
    #: Its value for every group name of its list.
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairList:
    """Pairs in the order of their list. All have a fold or none has; each has one value for every group name."""

    pairs: tuple[Pair, ...]
    #: The columns by which pairs are grouped.
    group_names: tuple[str, ...] = ()
    #: Sentences for the report: what was assumed when it was read.
    notes: tuple[str, ...] = ()
    #: Who is on each image; None where the list does not say. Beside the pairs: the stored list has them not.
    subjects: Mapping[str, str] | None = field(default=None, compare=False)
    #: Name of the file, for faults.
    source: str = field(default="pairs", compare=False)
    #: The line on which each pair begins, for faults; empty when the list was not read from lines.
    lines: tuple[int, ...] = field(default=(), compare=False)

    @property
    def image_ids(self) -> list[str]:
        """Every image once, sorted."""
        return sorted({image for pair in self.pairs for image in (pair.reference, pair.probe)})

    @property
    def folds(self) -> int:
        """How many folds there are; 0 for a list without any."""
        return len({pair.fold for pair in self.pairs} - {None})

    def line_of(self, row: int) -> int | None:
        """Where the pair of this row begins in its source."""
        return self.lines[row] if self.lines else None


class Draft:
    """A pair list in the making. Faults are gathered, so that one reading names them all.

    Where lists are published with `repeats`, a pair may come again, and an image be paired with itself.
    """

    def __init__(self, source: str, *, repeats: bool = False) -> None:
        self.source = source
        self.faults: list[Fault] = []
        self.repeated = 0
        self._repeats = repeats
        self._rows: list[tuple[int, Pair]] = []
        self._first: dict[frozenset[str], tuple[int, Pair]] = {}

    def fault(self, line: int | None, what: str) -> None:
        """Note what is wrong and go on."""
        self.faults.append(Fault(self.source, line, what))

    def add(self, line: int, pair: Pair) -> None:
        """Take a pair, unless its ids are unusable, its images are one, or it came before, in either order."""
        images = (pair.reference, pair.probe)
        earlier = self._first.get(frozenset(images))
        if unusable := [f"the image id {image!r} {fault}" for image in images if (fault := unusable_id(image))]:
            self.fault(line, "; ".join(unusable))
        elif pair.reference == pair.probe and not self._repeats:
            self.fault(line, f"{pair.probe} is paired with itself")
        elif earlier and not self._repeats:
            contradicts = "" if earlier[1].mated == pair.mated else " and contradicts it"
            self.fault(line, f"the pair {pair.reference} and {pair.probe} repeats line {earlier[0]}{contradicts}")
        else:
            self.repeated += earlier is not None
            self._first.setdefault(frozenset(images), (line, pair))
            self._rows.append((line, pair))

    def finish(self, group_names: tuple[str, ...] = (), notes: tuple[str, ...] = ()) -> PairList:
        """Raise DatasetInvalid with all the faults, in the order of their lines, if there are any."""
        if not self._rows and not self.faults:
            self.fault(None, "the list must have at least one pair; found none")
        if self.faults:
            raise DatasetInvalid(sorted(self.faults, key=lambda fault: fault.line or 0))
        lines, pairs = zip(*self._rows, strict=True)
        return PairList(pairs, group_names, notes, source=self.source, lines=lines)


def unusable_id(image_id: str) -> str | None:
    """Why this cannot be an image id: ids become paths inside an archive, and lines of a text.

    >>> unusable_id("../../etc/passwd")
    "has a part '..'"
    """
    if _CONTROL.search(image_id):
        return "has control characters"
    if "\\" in image_id:
        return "has a backslash; folders are separated by /"
    if odd := [part for part in image_id.split("/") if part in ("", ".", "..") or part != part.strip()]:
        return f"has a part {odd[0]!r}"
    if len(image_id.encode()) > MAX_ID_BYTES:
        return f"is longer than {MAX_ID_BYTES} bytes"
    return None


def has_control_characters(text: str) -> bool:
    """Whether the text would not stay on one line of a file."""
    return bool(_CONTROL.search(text))


def formulas(pairs: PairList) -> list[Fault]:
    """What a spreadsheet that opens the scores would run, a fault each: all texts stand there as they are."""
    faults = [
        Fault(pairs.source, None, f"the group name {name!r} {_AS_FORMULA}")
        for name in pairs.group_names
        if name.startswith(_FORMULA)
    ]
    for row, pair in enumerate(pairs.pairs):
        named = [("image id", pair.reference), ("image id", pair.probe), *(("group", group) for group in pair.groups)]
        if pairs.subjects:
            named += [("subject", pairs.subjects[image]) for image in (pair.reference, pair.probe)]
        faults += [
            Fault(pairs.source, pairs.line_of(row), f"the {what} {text!r} {_AS_FORMULA}")
            for what, text in named
            if text.startswith(_FORMULA)
        ]
    return faults


def text_of(body: bytes, source: str) -> str:
    """Decode UTF-8, with or without a byte order mark. Raise DatasetInvalid, naming the line, for anything else."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DatasetInvalid([Fault(source, line, "is not UTF-8 text")]) from None


def rows_of(body: bytes, source: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and columns of every line that has any; columns are separated by white space."""
    for line, text in enumerate(text_of(body, source).split("\n"), 1):
        if columns := text.split():
            yield line, columns


def whole_number(text: str) -> int | None:
    """What the digits say; None for anything but one to nine ASCII digits.

    >>> whole_number("0012"), whole_number("-1"), whole_number("1e3")
    (12, None, None)
    """
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def folds_in_order(count: int, folds: int = 10) -> list[int]:
    """Fold 1, 2, ... of `count` rows in consecutive blocks; the first blocks take what does not divide.

    >>> folds_in_order(7, folds=3)
    [1, 1, 1, 2, 2, 3, 3]
    """
    size, rest = divmod(count, folds)
    return [fold for fold in range(1, folds + 1) for _ in range(size + (fold <= rest))]
