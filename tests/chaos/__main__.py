"""`make chaos`: JOBS jobs under siege, with a progress bar and the books at the end. Exit status 1: a promise broke."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tests.chaos.siege import besieged, new_seed
from tests.chaos.verdict import Verdict

#: The sleeping engine judges without a pack; the API wants to know one.
LIVENESS: dict[str, Any] = {
    "LIKENESS_LIVENESS_PACK": "minifasnet",
    "LIKENESS_DEFAULT_LIVENESS": "require",
    "LIKENESS_DEFAULT_LIVENESS_SIDES": "both",
}


@click.command()
@click.option("--jobs", type=click.IntRange(1), default=10_000, show_default=True)
@click.option("--seed", type=int, help="Of the order and the times of the kills; by default, another every time.")
@click.option("--calm", is_flag=True, help="Kill nothing, for comparison.")
@click.option("--fsync", type=click.Choice(["always", "everysec"]), default="always", show_default=True)
@click.option("--store", type=click.Choice(["seaweedfs", "rclone"]), default="seaweedfs", show_default=True)
@click.option("--liveness", is_flag=True, help="Have every job ask for the liveness of both images.")
def main(jobs: int, seed: int | None, calm: bool, fsync: str, store: str, liveness: bool) -> None:
    """Submit jobs while everything is killed and started again, and Redis is demoted, full, stopped or paused."""
    seed = new_seed() if seed is None else seed
    for name in [name for name in os.environ if name.startswith("LIKENESS_")]:
        del os.environ[name]
    console = Console(width=max(110, Console().width))
    console.print(f"{jobs} jobs on the sleeping engine (no model); seed {seed}")
    told: dict[str, Any] = {"LIKENESS_REDIS_FSYNC": fsync, "LIKENESS_LOCAL_STORE": store}
    with (
        tempfile.TemporaryDirectory(prefix="likeness-chaos-") as home,
        following(console, jobs) as progress,
        besieged(Path(home), jobs=jobs, seed=seed, calm=calm, **told, **(LIVENESS if liveness else {})) as siege,
    ):
        verdict = siege.run(progress)
    books(console, verdict)
    sys.exit(bool(verdict.broken))


@contextmanager
def following(console: Console, jobs: int) -> Iterator[Callable[[int, int], None]]:
    """Two bars, of what was accepted and of what has ended, and what moves them."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        accepted, ended = bars.add_task("accepted", total=jobs), bars.add_task("ended", total=jobs)

        def progress(now_accepted: int, now_ended: int) -> None:
            bars.update(accepted, completed=now_accepted)
            if now_ended:
                bars.update(ended, completed=now_ended)

        yield progress


def books(console: Console, verdict: Verdict, *, faults: str = "killed with -9") -> None:
    """Print what the books say, and the jobs whose promises were broken."""
    console.print(table(verdict, faults))
    for name, found in verdict.broken.items():
        console.print(f"{len(found)} {name}: {', '.join(found[:5])} ...")


def counts(counter: Mapping[Any, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))


def table(verdict: Verdict, faults: str) -> Table:
    """The books."""
    rows = Table(box=None, show_header=False)
    rows.add_column(no_wrap=True)
    rows.add_column()
    for name, value in {
        "accepted": f"{verdict.accepted}, {verdict.batches} of them batches",
        "in": f"{verdict.seconds:.0f} s ({verdict.accepted / verdict.seconds:.1f} jobs/s)",
        faults: f"{sum(verdict.kills.values())} times: {counts(verdict.kills)}",
        "ailments of Redis": f"{sum(verdict.ailments.values())}: {counts(verdict.ailments)}",
        "answers": counts(verdict.answers),
        "endings": counts(verdict.endings),
        "failures": counts(verdict.failures) or "none",
        "jobs by attempts": counts(verdict.attempts),
        "enqueued again by the reaper": verdict.reenqueued,
        "images stored, but never recorded; purged": verdict.orphans,
        "uploads that nobody named, or put late; purged": verdict.uploads_left_over,
        "pairs of batches that failed": verdict.pairs_failed,
        "recorded, but the client never heard": verdict.unknown_to_clients,
        "callbacks taken / attempted": f"{verdict.callbacks} / {verdict.callback_attempts}",
        "accepted jobs lost": len(verdict.lost),
        "accepted jobs whose images were lost": len(verdict.images_lost),
        "jobs with two terminal states": len(verdict.ended_twice),
        "jobs that changed after their end": len(verdict.changed_after_its_end),
        "images left behind": len(verdict.images_left),
        "events never delivered": len(verdict.without_callback),
        "events with two ids": len(verdict.with_two_event_ids),
        "jobs without the liveness that they asked for": len(verdict.unjudged),
        "batches that have not every pair once": len(verdict.miscounted),
    }.items():
        rows.add_row(name, Text(str(value), overflow="fold"))
    return rows


if __name__ == "__main__":
    main()
