"""`make hosts-test`: jobs on six hosts whose links are cut and slowed. Exit status 1: a promise broke."""

import os
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console

from tests.chaos.__main__ import books, following
from tests.chaos.siege import new_seed
from tests.hosts.network import Missing
from tests.hosts.siege import besieged


@click.command()
@click.option("--jobs", type=click.IntRange(1), default=2000, show_default=True)
@click.option("--seed", type=int, help="Of the order and the times of the faults; by default, another every time.")
def main(jobs: int, seed: int | None) -> None:
    """Submit jobs while the links between API, Redis, store, workers and courier are cut, slowed and healed."""
    seed = new_seed() if seed is None else seed
    for name in [name for name in os.environ if name.startswith("LIKENESS_")]:
        del os.environ[name]
    console = Console(width=max(110, Console().width))
    console.print(f"{jobs} jobs on the sleeping engine (no model), six hosts; seed {seed}")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="likeness-hosts-") as home,
            following(console, jobs) as progress,
            besieged(Path(home), jobs=jobs, seed=seed) as siege,
        ):
            verdict = siege.run(progress)
    except Missing as missing:
        console.print(f"left out: {missing}")
        return
    books(console, verdict, faults="links cut or slowed")
    sys.exit(bool(verdict.broken))


if __name__ == "__main__":
    main()
