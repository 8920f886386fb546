"""`likeness demo` beside a stack that is running already."""

import fcntl
import shutil
from pathlib import Path

from tests.support.stack import Stack


def test_the_demo_asks_the_stack_that_runs_and_leaves_it_running(
    stack: Stack, samples: dict[str, Path], tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    shutil.copytree(samples["obama.jpg"].parent, tmp_path / "samples")
    with (tmp_path / "stack.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = stack.likeness("demo", LIKENESS_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "it is asked, and goes on" in done.stdout
    assert "non-match, score 0.14" in done.stdout
    assert "Everything is stopped" not in done.stdout
    stack.wait_until_ready(10)
