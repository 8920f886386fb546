"""Links lead somewhere: to a page, a file, a heading; in the checkout, and on the site that `make docs` writes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import CHECKOUT
from infra.docs.site import places, slug, write
from tests.docs.pages import PAGES

LINKED = [*PAGES, CHECKOUT / "CHANGELOG.md"]
LINK = re.compile(r"\]\((?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]*))?\)")
BLOCK = re.compile(r"^```.*?^```$", re.M | re.S)
HEADING = re.compile(r"^#+ (.+)$", re.M)


def anchors(page: Path) -> set[str]:
    """Of each heading, as GitHub and the site make them; a second one of a name has a number."""
    found: set[str] = set()
    for title in HEADING.findall(BLOCK.sub("", page.read_text(encoding="utf-8"))):
        one = slug(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title))
        found.add(one if one not in found else f"{one}-1")
    return found


def broken(page: Path) -> Iterator[str]:
    """Every link of a page that leads nowhere."""
    for link in LINK.finditer(BLOCK.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link["path"] or link["path"].startswith("mailto:"):
            continue
        target = page.parent / link["path"] if link["path"] else page
        if not target.exists() or (link["anchor"] and target.suffix == ".md" and link["anchor"] not in anchors(target)):
            yield link[0]


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_link_leads_to_what_is_there(page: Path) -> None:
    assert [*broken(page)] == []


def test_every_link_leads_to_what_is_there_on_the_site_too(tmp_path: Path) -> None:
    write(tmp_path)
    pages = sorted(tmp_path.rglob("*.md"))
    assert len(pages) == sum(path.suffix == ".md" for path in places())
    assert {str(page.relative_to(tmp_path)): links for page in pages if (links := [*broken(page)])} == {}


def test_every_page_stands_in_the_navigation_once() -> None:
    navigation = (CHECKOUT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    listed = re.findall(r"[\w./-]+\.md", navigation)
    assert sorted(listed) == sorted(str(place) for place in places().values() if place.suffix == ".md")


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One `thing`, said\n\n[a](#one-thing-said) [b](#two) [c](page.md#one) [d](away.md)\n")
    assert [*broken(page)] == ["](#two)", "](page.md#one)", "](away.md)"]
