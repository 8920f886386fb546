"""Output for people, in a terminal or through a pipe."""

from rich.console import Console
from rich.table import Table


def wide_console() -> Console:
    """Standard output; nothing is cut to a terminal's width: an id that is cut can be given to no other command."""
    return Console(width=20_000, highlight=False, markup=False, soft_wrap=True)


def table(*columns: str) -> Table:
    """A table whose rows are a line each, however long."""
    rows = Table(box=None, pad_edge=False)
    for column in columns:
        rows.add_column(column, no_wrap=True)
    return rows
