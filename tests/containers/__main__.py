"""`make containers-test`: the compose file on Docker or Podman, step by step. Exit status 1: a step failed."""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import httpx
from rich.console import Console

from core.settings import CHECKOUT
from likeness.client import ApiError
from tests.containers.engine import Engine, Missing
from tests.containers.trial import STEPS, Trial


@click.command()
@click.option("--build-options", default="", help="For the image builder, e.g. a --volume with certificates.")
@click.option("--keep", is_flag=True, help="Leave the containers running at the end.")
@click.option("--from", "first", default="", help="Begin with the step of this name: images are there already.")
@click.option("--before", default="", help="A git revision: the stack comes up with its images, and is upgraded.")
def main(build_options: str, keep: bool, first: str, before: str) -> None:
    """Build the images, start the stack, kill and replace containers, and count what was lost."""
    console = Console(width=120, highlight=False)
    cache = Path(os.environ.get("LIKENESS_TEST_CACHE", CHECKOUT / ".likeness" / "test-cache"))
    with tempfile.TemporaryDirectory(prefix="likeness-containers-") as scratch:
        try:
            engine = Engine.here(Path(scratch), shlex.split(build_options))
        except Missing as missing:
            console.print(f"left out: {missing}")
            return
        trial = Trial(engine, cache, before)
        try:
            for step in STEPS[next((i for i, s in enumerate(STEPS) if s.__name__ == first), 0) :]:
                name = step.__name__.replace("_", " ")
                began = time.monotonic()
                with console.status(name):
                    said = step(trial)
                console.print(f"ok    {name} ({time.monotonic() - began:.0f} s): {said}", soft_wrap=True)
        except (AssertionError, OSError, subprocess.SubprocessError, httpx.HTTPError, ApiError) as error:
            for service in ("api", "worker", "packs"):
                print(engine.compose("logs", "--tail", "20", service, check=False)[-3000:], file=sys.stderr)
            console.print(f"FAIL  {name}: {type(error).__name__}: {error}", soft_wrap=True)
            sys.exit(1)
        finally:
            if not keep:
                trial.end()


if __name__ == "__main__":
    main()
