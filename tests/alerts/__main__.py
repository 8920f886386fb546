"""`make alerts`: each alert fired once on a real stack, by a fault made for it. Exit status 1: one was not."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from core.packs.catalogue import load_catalogue
from core.settings import CHECKOUT
from infra.local.samples import fetch_samples
from tests.alerts.drills import DRILLS, Drill
from tests.alerts.hurry import write
from tests.alerts.scene import Scene, staged
from tests.observability.test_documentation import LISTED
from tests.support.prometheus import RULES, Prometheus, prometheus
from tests.support.servers import settings_of
from tests.support.stack import eventually
from worker.packs.install import fetch


@dataclass(frozen=True)
class Found:
    """What came of a drill; None: not within its time."""

    drill: Drill
    #: What durations were divided by.
    times: float
    #: From the fault on, and from when it began to be mended.
    fired_s: float | None
    resolved_s: float | None
    #: Other alerts that fired meanwhile.
    beside: tuple[str, ...] = ()

    def __str__(self) -> str:
        fired, resolved = ("never" if s is None else f"after {s:.0f} s" for s in (self.fired_s, self.resolved_s))
        others = f"; beside it {', '.join(self.beside)}" if self.beside else ""
        return f"{self.drill.alert} ({self.drill.fault}) fired {fired}, was resolved {resolved}{others}"


@click.command()
@click.argument("alerts", nargs=-1, type=click.Choice([drill.alert for drill in DRILLS]))
@click.option("--times", type=click.FloatRange(1), help="Divide every duration by this; default: each drill its own.")
@click.option("--clients", type=click.IntRange(1), default=3, show_default=True, help="Of the load.")
def main(alerts: Sequence[str], times: float | None, clients: int) -> None:
    """Fire ALERTS, by default every one, on a stack under load that Prometheus asks every second."""
    if not shutil.which("prometheus"):
        raise click.ClickException("prometheus is not installed: on Debian and Ubuntu, apt install prometheus")
    cache = Path(os.environ.get("LIKENESS_TEST_CACHE", CHECKOUT / ".likeness" / "test-cache"))
    for name in [name for name in os.environ if name.startswith("LIKENESS_")]:
        del os.environ[name]
    console = Console(width=max(160, Console().width))
    drills = [drill for drill in DRILLS if not alerts or drill.alert in alerts]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    cache.mkdir(parents=True, exist_ok=True)
    zoo = fetch(load_catalogue()["opencv-zoo"], settings_of({"LIKENESS_HOME": str(cache)}).packs)
    with (
        tempfile.TemporaryDirectory(prefix="likeness-alerts-") as home,
        Progress(*columns, console=console) as bar,
        staged(Path(home), zoo, fetch_samples(cache)) as scene,
    ):
        task = bar.add_task("", total=len(drills))
        found: list[Found] = []
        with watched(scene, Path(home), {times or drill.times for drill in drills}, clients) as seen:
            for drill in drills:
                bar.update(task, description=f"{drill.alert}: {drill.fault}", completed=len(found))
                found.append(drilled(scene, drill, seen[times or drill.times], times or drill.times))
                console.print(f"{found[-1]}")
            bar.update(task, completed=len(found))
            empty = [] if alerts else empty_metrics(seen[min(seen)])
    console.print(table(found))
    if not alerts:
        console.print(f"Metrics that were empty, or never above 0: {', '.join(empty) or 'none'}, of {len(LISTED)}")
    sys.exit(bool(empty or [one for one in found if one.resolved_s is None]))


@contextmanager
def watched(scene: Scene, home: Path, every_times: Iterable[float], clients: int) -> Iterator[dict[float, Prometheus]]:
    """A Prometheus for each number that durations are divided by, over a stack that is calibrated and under load."""
    with ExitStack() as until_the_end:
        seen = {}
        for times in every_times:
            rules = write(RULES, times, home / f"rules-{times:g}.yml")
            asking = prometheus(home / f"prometheus-{times:g}", scene.ports.values(), rules)
            seen[times] = until_the_end.enter_context(asking)
        scene.calibrate()
        scene.start("courier")  # it looks for a calibration at once, then every minute
        until_the_end.enter_context(scene.load.going_on(clients))
        yield seen


def drilled(scene: Scene, drill: Drill, seen: Prometheus, times: float) -> Found:
    """Wait until nothing fires, make the fault, wait until it is noticed, mend it, and wait until that is noticed."""
    within_s = drill.within_s * max(1.0, drill.times / times)

    def becomes(*, firing: bool) -> float | None:
        began = time.monotonic()

        def check() -> None:
            assert (drill.alert in seen.firing()) is firing

        try:
            eventually(check, within_s=within_s)
        except AssertionError:
            return None
        return time.monotonic() - began

    assert becomes(firing=False) is not None, f"{drill.alert} fires before anything was done to that end"
    began = time.monotonic()
    with drill.made(scene):
        took_s = becomes(firing=True)
        fired_s = None if took_s is None else time.monotonic() - began
        beside = tuple(sorted(seen.firing() - {drill.alert}))
        mended = time.monotonic()
    took_s = becomes(firing=False)
    return Found(drill, times, fired_s, None if took_s is None else time.monotonic() - mended, beside)


def empty_metrics(seen: Prometheus) -> list[str]:
    """Metrics of docs/observability.md that were not there, or never above 0, since the start."""
    largest = "max(max_over_time({{__name__=~'{name}(_count)?'}}[3h])) > 0"
    return [name for name in LISTED if not seen.answer(largest.format(name=name))]


def table(found: Iterable[Found]) -> Table:
    """As docs/observability.md has it."""
    rows = Table(box=box.MARKDOWN)
    for column in ("alert", "fault", "durations", "fired after", "resolved after"):
        rows.add_column(column, no_wrap=True)
    for one in found:
        rows.add_row(
            f"`{one.drill.alert}`",
            one.drill.fault,
            "as they are" if one.times == 1 else f"1/{one.times:g}",
            *("**never**" if seconds is None else f"{seconds:.0f} s" for seconds in (one.fired_s, one.resolved_s)),
        )
    return rows


if __name__ == "__main__":
    main()
