"""The blocks of a Markdown page; each but `wrapped` brings the empty line after it."""

from collections.abc import Sequence
from textwrap import fill

from bench.report.wording import PLOTS

Lines = list[str]

#: Of the plots, beside the page.
FOLDER = "performance"


def paragraph(text: str) -> Lines:
    """Prose, in lines as long as the other documents'."""
    return [wrapped(text), ""]


def wrapped(text: str) -> str:
    """The lines of a paragraph by themselves, for one that is followed at once by another."""
    return fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Lines:
    """A head that ends in `>` is of numbers, which stand at the right."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"

    rule = line(["---:" if head.endswith(">") else "---" for head in heads])
    return [line([head.removesuffix(">") for head in heads]), rule, *map(line, rows), ""]


def image(plot: str) -> Lines:
    """A plot, and what it shows in words."""
    return [f"![{PLOTS[plot]}]({FOLDER}/{plot}.svg)", ""]
