"""`index`: all runs on one page."""

import json
from pathlib import Path

import click

from core.errors import LikenessError
from core.evaluations.runs import RunKeys
from core.storage.lifecycle import Status
from likeness.cli.evaluate.services import Services, result_if_any, with_services

PAGE = 100


@click.command()
@click.option(
    "--out",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Directory for index.html, index.csv, and a folder with report.html and report.json for each run.",
)
@with_services
def index(services: Services, directory: Path) -> None:
    """Write an index of all runs that succeeded: their figures, how these changed over versions, links to reports."""
    from evaluator.report import build_index, index_csv

    reports = []
    for run_id in _succeeded(services):
        report, page = (result_if_any(services, run_id, kind) for kind in ("report", "page"))
        if report is None or page is None:
            click.echo(f"note: {RunKeys(run_id).report} is not there any more; run {run_id} is left out", err=True)
            continue
        reports.append(json.loads(report))
        folder = directory / run_id
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_bytes(report)
        (folder / "report.html").write_bytes(page)
    if not reports:
        raise LikenessError(
            "no run has succeeded, so there is nothing to index: `likeness evaluate run DATASET` starts one"
        )
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "index.csv").write_bytes(index_csv(reports))
    (directory / "index.html").write_text(build_index(reports), encoding="utf-8")
    click.echo(directory / "index.html")


def _succeeded(services: Services) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        page = services.runs.page(limit=PAGE, after=after, status=Status.SUCCEEDED)
        found += [run.id for run in page.runs]
        if (after := page.next_id) is None:
            return found
