"""Output for people, in a terminal or through a pipe. Nothing is cut: what is cut can be given to no other command."""

import re
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from datetime import datetime

import click
from rich.cells import cell_len, chop_cells

#: Between columns, and before what stands below a row.
GAP, BELOW = 2, 4
#: Where the facts of a `show` begin: their names stand before.
FACTS = 11
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def width() -> int | None:
    """Columns of the terminal; None through a pipe, where a row stays a line.

    COLUMNS counts for a terminal alone: every Python that has imported readline hands it down to what it starts.
    """
    return max(20, shutil.get_terminal_size().columns) if sys.stdout.isatty() else None


class Rows:
    """A table. Where its rows are wider than the terminal, the columns that do not fit stand below each, by name."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = tuple(columns)
        self._rows: list[tuple[str, ...]] = []

    def add_row(self, *cells: str) -> None:
        """A cell a column."""
        self._rows.append(tuple(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", cell) for cell in cells))

    def show(self) -> None:
        """Print it."""
        head, *lines = self.lines(width())
        click.secho(head, bold=True)
        for line in lines:
            click.echo(line)

    def lines(self, within: int | None) -> Iterator[str]:
        """Its head and its rows, within so many columns, if that is a number."""
        widths = [max(map(cell_len, column)) for column in zip(self._columns, *self._rows, strict=True)]
        beside = _fitting(widths, within)
        yield _line(self._columns, widths, beside)
        for row in self._rows:
            yield _line(row, widths, beside)
            yield from self._below(row, beside, within)

    def _below(self, row: Sequence[str], beside: Sequence[int], within: int | None) -> Iterator[str]:
        """What does not fit beside, as many as a line holds; one that is too long for a line goes on in the next."""
        if within is None:
            return
        line = ""
        for place, cell in enumerate(row):
            if place in beside or not cell:
                continue
            said = f"{self._columns[place]} {cell}"
            if line and cell_len(line) + GAP + cell_len(said) > within - BELOW:
                yield f"{'':{BELOW}}{line}"
                line = ""
            line += f"{'':{GAP if line else 0}}{said}"
            *whole, line = chop_cells(line, within - BELOW)
            yield from (f"{'':{BELOW}}{piece}" for piece in whole)
        if line:
            yield f"{'':{BELOW}}{line}"


def table(*columns: str) -> Rows:
    """With these heads."""
    return Rows(columns)


def say(text: str, *, indent: int = FACTS) -> None:
    """Print lines; one that is wider than the terminal goes on below where what it says begins."""
    for line in text.splitlines():
        for piece in wrapped(line, width(), indent=indent):
            click.echo(piece)


def wrapped(line: str, within: int | None, *, indent: int) -> Sequence[str]:
    """A line as so many as it takes, all but the first from `indent` on."""
    if within is None or cell_len(line) <= within:
        return [line]
    below = " " * min(indent, within // 2)
    return textwrap.wrap(line, within, subsequent_indent=below, break_on_hyphens=False)


def moment(at: str | float | None) -> str:
    """A time of a list, RFC 3339 or seconds since the epoch, in UTC to the second; empty where there is none.

    >>> moment("2026-01-31T12:00:01.250Z"), moment(0.0), moment(None)
    ('2026-01-31 12:00:01', '1970-01-01 00:00:00', '')
    """
    if at is None:
        return ""
    seconds = datetime.fromisoformat(at).timestamp() if isinstance(at, str) else at
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def _fitting(widths: Sequence[int], within: int | None) -> tuple[int, ...]:
    """The columns that stand beside each other: the first, and each that still fits."""
    if within is None or sum(widths) + GAP * (len(widths) - 1) <= within:
        return tuple(range(len(widths)))
    taken, used = [0], widths[0]
    for place, wide in enumerate(widths[1:], 1):
        if used + GAP + wide <= within:
            taken.append(place)
            used += GAP + wide
    return tuple(taken)


def _line(cells: Sequence[str], widths: Sequence[int], beside: Sequence[int]) -> str:
    padded = (cells[n] + " " * (widths[n] - cell_len(cells[n])) for n in beside)
    return (" " * GAP).join(padded).rstrip()
