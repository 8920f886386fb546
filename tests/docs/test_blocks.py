"""What pages tell to type works: each block is run, a page from its top to its end, or says why it is not."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.settings import CHECKOUT
from tests.docs.pages import PAGES, Block, blocks
from tests.support.stack import Stack

#: What is typed, and what is shown.
TYPED = {"sh", "python"}
SHOWN = {"text", "json", "yaml", "ini", "http", "csv", "ts"}
README = CHECKOUT / "README.md"


def script(block: Block) -> str:
    """What is typed, but for `make`, whose targets are CI's; test_commands.py knows that they exist."""
    return "".join(line for line in block.text.splitlines(keepends=True) if not line.startswith("make "))


def run_of(page: Path) -> list[Block]:
    """The blocks that are run."""
    return [block for block in blocks(page) if block.language in TYPED and block.not_run is None and script(block)]


RUN = [page for page in PAGES if run_of(page)]


@pytest.fixture
def folder(tmp_path: Path, page: Path, samples: dict[str, Path]) -> Path:
    """A checkout with an installed `.venv`; photographs of two people, and lists of pairs of them."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "examples").symlink_to(CHECKOUT / "examples")
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for name, file in {"one.jpg": "obama.jpg", "two.jpg": "obama2.jpg", "three.jpg": "biden.jpg"}.items():
        shutil.copy(samples[file], tmp_path / name)
        shutil.copy(samples[file], photographs / name)
    lines = ("reference,probe,mated", "one.jpg,two.jpg,1", "one.jpg,three.jpg,0", "two.jpg,three.jpg,0")
    (tmp_path / "pairs.csv").write_text("\n".join([*lines, ""]))
    if page != README:  # which compares with a whole folder
        for file in ("obama.jpg", "obama2.jpg", "biden.jpg"):
            shutil.copy(samples[file], tmp_path / file)
    pairs = ({"reference": "obama.jpg", "probe": probe} for probe in ("obama2.jpg", "biden.jpg"))
    (tmp_path / "pairs.jsonl").write_text("".join(f"{json.dumps(pair)}\n" for pair in pairs))
    (tmp_path / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
    return tmp_path


def typed(block: Block, folder: Path, stack: Stack) -> str:
    """What it says."""
    text = script(block).replace("http://127.0.0.1:8000", stack.url)
    command = ["bash", "-euo", "pipefail", "-c", text] if block.language == "sh" else [sys.executable, "-c", text]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment: Mapping[str, str] = {**os.environ, **stack.environment, "CURL_HOME": str(folder), "PATH": path}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_block_says_what_it_is(page: Path) -> None:
    assert {block.language for block in blocks(page)} <= TYPED | SHOWN
    assert [block for block in blocks(page) if block.language in ("text", "json", "csv") and block.not_run] == []


def test_the_pages_for_a_beginner_are_run() -> None:
    assert README in RUN
    assert {page.name for page in RUN} >= {"README.md", "client.md", "api.md", "operating.md", "threshold.md"}
    assert len(run_of(README)) >= 3


@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_what_a_page_says_to_type_works(page: Path, folder: Path, whole: Stack) -> None:
    said = [typed(block, folder, whole) for block in run_of(page)]
    if page == README:
        assert ["match" in one for one in said] == [True] * len(said)
