"""Who is started again, and who is not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.stack import eventually

pytestmark = pytest.mark.stack


def supervised(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "infra.local.supervise", sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def counting(file: Path, then: str) -> str:
    return f"import os, pathlib, signal, sys, time; pathlib.Path({str(file)!r}).open('a').write('x'); {then}"


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), signal.SIGKILL)", "os.kill(os.getpid(), 11)", "sys.exit(75)"])
def test_a_process_that_is_killed_crashes_or_is_deaf_is_started_again_but_not_without_end(
    tmp_path: Path, end: str
) -> None:
    process = supervised(counting(tmp_path / "starts", end))
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert (tmp_path / "starts").read_text() == "x" * 6
    assert "starting it again" in said


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_process_that_ends_by_itself_has_said_what_it_had_to_say(tmp_path: Path, code: int) -> None:
    process = supervised(counting(tmp_path / "starts", f"sys.exit({code})"))
    process.communicate(timeout=60)
    assert process.returncode == code
    assert (tmp_path / "starts").read_text() == "x"


def test_a_signal_reaches_the_process_once_and_ends_both(tmp_path: Path) -> None:
    handler = "signal.signal(signal.SIGTERM, lambda *_: (print('told', flush=True), sys.exit(0)))"
    process = supervised(counting(tmp_path / "starts", f"{handler}; print('up', flush=True); time.sleep(60)"))
    assert process.stdout
    assert process.stdout.readline() == "up\n"
    process.terminate()
    said, _ = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "told\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed process")
def test_kill_9_of_the_supervisor_takes_the_process_with_it(tmp_path: Path) -> None:
    process = supervised("import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    assert process.stdout
    child = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()

    def gone() -> None:
        assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE

    eventually(gone)
