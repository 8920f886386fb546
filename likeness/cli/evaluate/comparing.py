"""`compare`: runs held against each other."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.errors import LikenessError
from likeness.cli.evaluate.services import result_of, services
from likeness.cli.ids import run_id

if TYPE_CHECKING:
    from evaluator.report import FinishedRun

#: The exit status of `compare --fail-on-regression`.
REGRESSION = 5

PAGE = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command()
@click.argument("run_a", metavar="A")
@click.argument("others", metavar="B [C...]", nargs=-1, required=True)
@click.option("--threshold-a", type=click.FloatRange(-1, 1), help="Where A decides. Default: its pack's threshold.")
@click.option(
    "--threshold-b",
    type=click.FloatRange(-1, 1),
    multiple=True,
    help="Where B decides; once more for C, and so on. Default: each pack's own threshold.",
)
@click.option(
    "--at-fmr",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Compare false non-matches alone, every run at the threshold of this observed FMR, e.g. 0.01.",
)
@click.option(
    "--false-alarm-rate",
    "alpha",
    type=click.FloatRange(0, 0.5, min_open=True),
    default=0.05,
    show_default=True,
    help="How often, at most, a difference may be found where there is none, over all tests made.",
)
@click.option("--fail-on-regression", is_flag=True, help="Exit with 5 when B, C, ... is significantly worse than A.")
@click.option("--html", "page", type=PAGE, help="Write a page to this file: plots, tests, disagreements, cost.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(
    run_a: str,
    others: tuple[str, ...],
    threshold_a: float | None,
    threshold_b: tuple[float, ...],
    at_fmr: float | None,
    alpha: float,
    fail_on_regression: bool,
    page: Path | None,
    as_json: bool,
) -> None:
    """Say whether B, C, ... make more errors than A, on the same pairs.

    A run is its id, or a directory that `evaluate report --out` wrote. Mated and non-mated pairs are tested apart
    (McNemar's exact test, corrected for all tests made by Holm's method):

    \b
      false non-matches   where B has as many false matches as A has at its threshold
      false matches       each run at its own threshold
      false non-matches   likewise

    Beside each stands the difference of the rates with an interval over people, or over pairs where the list does not
    say who is on its images. A pair that was not acquired is a non-match.

    \b
    Exit status: 0, or with --fail-on-regression 5 where B, C, ... is worse in any of the tests; 1 where runs cannot be
    compared: on other data sets, on other pairs, or without what a test needs.
    """
    from evaluator.report import as_text, build_comparison_page, compare_runs

    if at_fmr is not None and (threshold_a is not None or threshold_b):
        raise click.UsageError("--at-fmr chooses every threshold: it does not go with --threshold-a or --threshold-b")
    if len(threshold_b) > len(others):
        raise click.UsageError(f"--threshold-b is given {len(threshold_b)} times for {len(others)} runs beside A")
    runs = [finished(name) for name in (run_a, *others)]
    compared = compare_runs(runs, thresholds=(threshold_a, *threshold_b), alpha=alpha, at_fmr=at_fmr)
    if page:
        write(page, build_comparison_page(compared, runs))
    click.echo(json.dumps(compared, indent=2) if as_json else as_text(compared), nl=as_json)
    if fail_on_regression and compared["regression"]:
        sys.exit(REGRESSION)


def write(page: Path, html: str) -> None:
    """Put a page where it was asked for."""
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(html, encoding="utf-8")


def finished(name: str) -> "FinishedRun":
    """A run by the beginning of its id, or by the directory that its report was written to."""
    from evaluator.report import FinishedRun

    directory = Path(name)
    if not directory.is_dir():
        if directory.name != name:
            raise LikenessError(f"there is no directory {name}; a run is its id, or what `evaluate report --out` wrote")
        deployment = services()
        whole = run_id(deployment.runs, name)
        return FinishedRun.read(result_of(deployment, whole, "report"), result_of(deployment, whole, "scores"))
    files = directory / "report.json", directory / "scores.csv"
    if missing := [file for file in files if not file.is_file()]:
        raise LikenessError(f"{directory} has no {missing[0].name}: it must be what `evaluate report RUN --out` wrote")
    return FinishedRun.read(*(file.read_bytes() for file in files))
