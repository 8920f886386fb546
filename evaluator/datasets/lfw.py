"""LFW's `pairs.txt` (View 2): ten folds of mated and then non-mated pairs.

10    300
Abel_Pacheco    1    4                      mated: one name, two image numbers
Abdel_Madi_Shabneh    1    Dean_Barker    1     non-mated

Or `pairs.csv`, as public mirrors have it: the same pairs in the same order, without the two numbers.

name,imagenum1,imagenum2,
Abel_Pacheco,1,4,
Abdel_Madi_Shabneh,1,Dean_Barker,1
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evaluator.datasets.pairs import Draft, Pair, PairList, rows_of, text_of, whole_number
from evaluator.datasets.subjects import of_folder, with_subjects

VIEW_2 = (10, 300)
CSV_NOTE = (
    "The list gives no folds: ten of 300 mated and then 300 non-mated pairs were taken in order, as in pairs.txt."
)
KINDS = {True: "mated", False: "non-mated"}


def parse_lfw(body: bytes, source: str = "pairs.txt") -> PairList:
    """Image ids are `Name/Name_0001.jpg`, folds 1, 2, ... Raise DatasetInvalid with every fault."""
    draft = Draft(source)
    rows = list(rows_of(body, source))
    notes: tuple[str, ...] = ()
    if rows and _is_csv_header(rows[0][1]):
        rows = [(rows[0][0], [str(number) for number in VIEW_2]), *_csv_rows(body, source)]
        notes = (CSV_NOTE,)
    first_line = rows[0][0] if rows else 1
    header = [whole_number(column) or 0 for column in rows[0][1]] if rows else []
    if len(header) != 2 or 0 in header:
        draft.fault(first_line, "the header must say how many folds there are, and how many pairs of each kind")
        return draft.finish()
    folds, per_fold = header
    runs = _without_strays(_runs(rows[1:], per_fold), per_fold, draft)
    for block, run in enumerate(runs):
        fold = block // 2 + 1
        for line, columns in run.rows:
            _add(draft, line, columns, fold)
        if fold > folds:
            draft.fault(run.line, f"{len(run.rows)} {KINDS[run.mated]} pairs follow after the last of {folds} folds")
        elif len(run.rows) != per_fold:
            draft.fault(run.line, f"fold {fold} has {len(run.rows)} {KINDS[run.mated]} pairs, not {per_fold}")
    if len(runs) < 2 * folds:
        kind = KINDS[len(runs) % 2 == 0]
        draft.fault(rows[-1][0], f"the list ends within fold {len(runs) // 2 + 1}, before its {kind} pairs")
    return with_subjects(draft.finish(notes=notes), of_folder)


def _is_csv_header(columns: list[str]) -> bool:
    return columns[0].replace(" ", "").lower().startswith("name,imagenum1,imagenum2")


def _csv_rows(body: bytes, source: str) -> Iterator[tuple[int, list[str]]]:
    """What stands below the header; a mated pair's fourth column is empty."""
    for line, text in enumerate(text_of(body, source).split("\n"), 1):
        columns = [column.strip() for column in text.split(",")]
        while columns and not columns[-1]:
            columns.pop()
        if columns and not _is_csv_header([",".join(columns)]):
            yield line, columns


@dataclass(slots=True)
class _Run:
    """Consecutive lines of one kind."""

    mated: bool
    line: int
    rows: list[tuple[int, list[str]]]


def _runs(rows: Sequence[tuple[int, list[str]]], per_fold: int) -> Iterator[_Run]:
    """A line with the wrong number of columns counts as what was expected in its place: it is a fault by itself."""
    run: _Run | None = None
    for line, columns in rows:
        expected = run.mated == (len(run.rows) < per_fold) if run else True
        mated = {3: True, 4: False}.get(len(columns), expected)
        if run and run.mated == mated:
            run.rows.append((line, columns))
        else:
            if run:
                yield run
            run = _Run(mated, line, [(line, columns)])
    if run:
        yield run


def _without_strays(runs: Iterator[_Run], per_fold: int, draft: Draft) -> list[_Run]:
    """Join a block that a few pairs of the other kind interrupt, so that one stray line is one fault."""
    joined: list[_Run] = []
    for run in runs:
        block, stray = joined[-2:] if len(joined) > 1 else (None, None)
        if block and stray and len(stray.rows) < per_fold and len(block.rows) + len(run.rows) <= per_fold:
            for line, _ in stray.rows:
                draft.fault(line, f"a {KINDS[stray.mated]} pair among {KINDS[block.mated]} ones")
            block.rows += run.rows
            joined.pop()
        else:
            joined.append(run)
    if joined and not joined[0].mated:
        joined.insert(0, _Run(True, joined[0].line, []))
    return joined


def _add(draft: Draft, line: int, columns: list[str], fold: int) -> None:
    mated = len(columns) == 3
    if len(columns) not in (3, 4):
        draft.fault(line, f"{len(columns)} columns; a mated pair has 3, a non-mated one 4")
        return
    name, number, other, other_number = (*columns[:2], columns[0], columns[2]) if mated else columns
    if bad := [text for text in (number, other_number) if not whole_number(text)]:
        draft.fault(line, f"{bad[0]!r} is not an image number: a whole number from 1")
    elif not mated and name == other:
        draft.fault(line, f"a non-mated pair of {name} with {name}")
    else:
        draft.add(line, Pair(_image_id(name, number), _image_id(other, other_number), mated, fold, ()))


def _image_id(name: str, number: str) -> str:
    return f"{name}/{name}_{int(number):04d}.jpg"
