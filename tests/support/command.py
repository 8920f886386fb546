"""`likeness ...` in this process: starting one costs more than the rest of a test."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest

from likeness.cli.main import main
from tests.support.servers import outside


def likeness(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What the command says and returns, by its own entry point. Nothing but `environment` is set."""
    said, failed, status = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(failed):
        for name in {*os.environ} - {*outside()}:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["likeness", *arguments])
        try:
            main()
        except SystemExit as error:
            status = int(error.code or 0)
    return subprocess.CompletedProcess(["likeness", *arguments], status, said.getvalue(), failed.getvalue())
