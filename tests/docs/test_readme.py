"""The README's commands do what it says: each block is run, or says why it is not."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import CHECKOUT
from tests.docs.pages import Block, blocks
from tests.support.stack import Stack

BLOCKS = blocks(CHECKOUT / "README.md")
RUN = [block for block in BLOCKS if block.language in ("sh", "python") and block.not_run is None]


def script(block: Block) -> str:
    """What is typed, but for `make`, whose targets are CI's; test_commands.py knows that they exist."""
    return "".join(line for line in block.text.splitlines(keepends=True) if not line.startswith("make "))


@pytest.fixture
def folder(tmp_path: Path, samples: dict[str, Path]) -> Path:
    """A checkout with an installed `.venv`, and two photographs of one person in it."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    shutil.copy(samples["obama.jpg"], tmp_path / "one.jpg")
    shutil.copy(samples["obama2.jpg"], tmp_path / "two.jpg")
    (tmp_path / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
    return tmp_path


@pytest.fixture
def whole_service(stack: Stack, block: Block) -> Iterator[Stack]:
    """With who takes batches, where the block has one."""
    if " batch " not in block.text:
        yield stack
        return
    stack.start("embedder")
    yield stack
    stack.kill("embedder")


def test_every_block_says_what_it_is() -> None:
    assert {block.language for block in BLOCKS} == {"sh", "python", "text"}
    assert len(RUN) >= 4
    assert [block.not_run for block in BLOCKS if block.language == "text" and block.not_run] == []


@pytest.mark.parametrize("block", [block for block in RUN if script(block)], ids=lambda block: script(block)[:40])
def test_what_the_readme_says_to_type_works(block: Block, folder: Path, whole_service: Stack) -> None:
    typed = script(block).replace("http://127.0.0.1:8000", whole_service.url)
    command = ["bash", "-euo", "pipefail", "-c", typed] if block.language == "sh" else [sys.executable, "-c", typed]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **whole_service.environment, "CURL_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "match" in done.stdout
