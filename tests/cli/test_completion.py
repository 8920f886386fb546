"""What a shell is told, by the lines in docs/cli.md."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import CHECKOUT
from tests.support.servers import outside

LINES = re.findall(r"_LIKENESS_COMPLETE=(\w+)_source", (CHECKOUT / "docs" / "cli.md").read_text(encoding="utf-8"))


def test_the_page_has_a_line_for_three_shells() -> None:
    assert LINES == ["bash", "zsh", "fish"]


def run(*command: str, **environment: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**outside(), "PATH": path, **environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout


def test_a_command_and_a_key_press_wait_for_no_statistics_and_no_plots() -> None:
    loaded = run(sys.executable, "-c", "import sys, likeness.cli.main; print(*sys.modules)").split()
    assert "likeness.cli.evaluate.group" in loaded
    assert "likeness.cli.evaluate.verbs" not in loaded
    assert {"scipy.stats", "scipy.special", "scipy.optimize", "matplotlib", "cv2", "onnxruntime"} & {*loaded} == set()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_what_a_shell_reads_calls_the_command(shell: str) -> None:
    assert f"_LIKENESS_COMPLETE={shell}_complete" in run("likeness", _LIKENESS_COMPLETE=f"{shell}_source")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_a_verb() -> None:
    typed = (
        'eval "$(_LIKENESS_COMPLETE=bash_source likeness)"; COMP_WORDS=(likeness jobs sh) COMP_CWORD=2; '
        '_likeness_completion likeness sh jobs; echo "${COMPREPLY[@]}"'
    )
    assert run("bash", "-c", typed).split() == ["show"]
