"""Every file that a page names is there, wherever it has moved to."""

import os
import re
from pathlib import Path

import pytest

from core.settings import CHECKOUT
from tests.docs.pages import PAGES, inline_code

#: A place of ours begins with one of these; `packs/` of a home or `datasets/` of a bucket do not.
ROOMS = (
    "api",
    "bench",
    "core",
    "courier",
    "docs",
    "evaluator",
    "examples",
    "infra",
    "likeness",
    "tests",
    "worker",
    ".ci",
)
PATH = re.compile(rf"(?:{'|'.join(map(re.escape, ROOMS))})/[\w./*-]*")
MODULE = re.compile(r"[\w-]+\.(?:py|lua)")
#: InsightFace's, named where its protocol is compared with ours.
FOREIGN = {"verification.py"}
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
#: Names to be chosen by whoever adds something.
PLACEHOLDER = re.compile(r"NAME|<\w+>|\.\.\.")


def names() -> set[str]:
    """The name of every module there is."""
    found = set()
    for _, folders, files in os.walk(CHECKOUT):
        folders[:] = [name for name in folders if not name.startswith((".", "__")) and name != "build"]
        found |= {name for name in files if name.endswith((".py", ".lua"))}
    return found


def missing(page: Path) -> list[str]:
    """What the page names in backticks and links to, and is not there."""
    modules = names() | FOREIGN
    absent = []
    for code in inline_code(page):
        if PLACEHOLDER.search(code):
            continue
        if MODULE.fullmatch(code):
            absent += [code] if code not in modules else []
        elif PATH.fullmatch(code) and not any(CHECKOUT.glob(code.rstrip("/"))):
            absent.append(code)
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in link and not (page.parent / link).exists():
            absent.append(link)
    return absent


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    assert missing(page) == []


def test_what_is_not_there_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`core/errors.py`, `worker/engine/`, `tests/NAME/`, `core/storage/lua/*.lua`, `decode.py`, `packs/`, "
        "[here](page.md#anchor); `core/drawer.py`, `evaluator/shelf/`, `kitchen.py`, [there](away.md)"
    )
    assert missing(page) == ["core/drawer.py", "evaluator/shelf/", "kitchen.py", "away.md"]
