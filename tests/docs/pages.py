"""The pages that people read, and what stands in them as code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.settings import CHECKOUT

#: Not the changelog, which names what is no more; nor what a tool wrote into a folder of its own, .pytest_cache say.
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "*/README.md", "core/**/*.md")
    for page in CHECKOUT.glob(pattern)
    if page.name != "CHANGELOG.md" and not page.relative_to(CHECKOUT).parts[0].startswith(".")
)

_BLOCK = re.compile(r"(?:^<!-- not run: (?P<why>[^\n]+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
_INDENTED = re.compile(r"(?:^ {4}.*\n)+", re.M)
_INLINE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `not_run` is the reason in the comment before it, if one is given."""

    language: str
    text: str
    not_run: str | None


def blocks(page: Path) -> list[Block]:
    return [Block(m["language"], m["text"], m["why"]) for m in _BLOCK.finditer(page.read_text(encoding="utf-8"))]


def inline_code(page: Path) -> list[str]:
    """What stands in backticks, outside of blocks."""
    return _INLINE.findall(_BLOCK.sub("", page.read_text(encoding="utf-8")))


def command_lines(page: Path) -> Iterator[str]:
    """Every line of every block, continued ones in one piece, and what stands in backticks in the text."""
    text = page.read_text(encoding="utf-8")
    for block in [*(block.text for block in blocks(page)), *_INDENTED.findall(_BLOCK.sub("", text))]:
        yield from (line.strip() for line in block.replace("\\\n", " ").splitlines())
    yield from inline_code(page)
