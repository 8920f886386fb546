"""`report`, `recompute`, `calibrate`: what a run found."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from core.evaluations.calibrations import CalibrationStore, CalibrationUnfit
from core.evaluations.scoring import Scoring
from core.messaging.presence import Presence
from core.packs.catalogue import find_pack, load_catalogue
from likeness.cli.evaluate.services import FILE, Services, result_if_any, result_of, with_services

RESULTS = {"report.json": "report", "report.html": "page", "scores.csv": "scores"}
#: Not there where nothing was measured of the images, nor in runs of before.
IMAGES = {"images.csv": "images"}


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option(
    "--out",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Directory for report.json, report.html, scores.csv and images.csv.",
)
@click.option("--thumbnails", is_flag=True, help="Show the worst pairs in the page, from the data set. Not stored.")
@with_services
def report(services: Services, run_id: str, directory: Path, thumbnails: bool) -> None:
    """Write the report of a RUN: for machines, for people, every score, and every plot's data in plots/."""
    from evaluator.datasets import images_of
    from evaluator.report import build_page, from_csv, plot_data
    from evaluator.report.thumbnails import shown_images
    from evaluator.report.thumbnails import thumbnails as small_copies

    directory.mkdir(parents=True, exist_ok=True)
    for file, kind in RESULTS.items():
        (directory / file).write_bytes(result_of(services, run_id, kind))
        click.echo(directory / file)
    for file, kind in IMAGES.items():
        if (body := result_if_any(services, run_id, kind)) is not None:
            (directory / file).write_bytes(body)
            click.echo(directory / file)
    made = json.loads((directory / "report.json").read_bytes())
    table = from_csv((directory / "scores.csv").read_bytes())
    (directory / "plots").mkdir(exist_ok=True)
    for file, body in plot_data(made, table).items():
        (directory / "plots" / file).write_bytes(body)
    click.echo(directory / "plots")
    if thumbnails:
        dataset = made["dataset"]
        small = small_copies(images_of(services.objects, dataset["name"], dataset["digest"], shown_images(made)))
        (directory / "report.html").write_text(build_page(made, table, small), encoding="utf-8")
        click.echo(f"{directory / 'report.html'} shows photographs of people")


@click.command()
@click.argument("scores", type=FILE)
@click.option("--threshold", type=click.FloatRange(-1, 1), help="The pack's threshold; the report names it.")
@click.option("--images", type=FILE, help="images.csv of the same run, for what its report says of quality.")
def recompute(scores: Path, threshold: float | None, images: Path | None) -> None:
    """Compute every metric again from a SCORES file, as JSON: the same numbers as in its report."""
    from evaluator.report import recompute as metrics_of

    body = images.read_bytes() if images else None
    click.echo(json.dumps(metrics_of(scores.read_bytes(), threshold, body), indent=2))


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--replace", is_flag=True, help="Also where the thresholds there are rest on more comparisons.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_services
def calibrate(services: Services, run_id: str, replace: bool, as_json: bool) -> None:
    """Make the thresholds of a RUN the pack's: `target_fmr` then chooses among them.

    Each keeps its FMR with 95 % confidence. They hold for comparisons that are scored as the run was: with its policy,
    detection settings, provider and pack; others are refused. A run with too few non-mated comparisons for any of them
    is refused, and nothing changes: exit status 1.
    """
    from evaluator.report import from_csv
    from evaluator.runs.calibrating import calibration_from, scores_of

    run = services.runs.get(run_id)
    pack = find_pack(run.request.pack, load_catalogue(services.settings.home))
    report, table = json.loads(result_of(services, run_id, "report")), from_csv(result_of(services, run_id, "scores"))
    scoring = Scoring(services.settings.engine, Presence(services.settings.redis).comparing)
    made = calibration_from(run, report, table, pack, scoring)
    CalibrationStore(services.settings.redis).put(made, scores_of(table), smaller=replace)
    try:
        made.require_fit(scoring.of(pack, services.settings.packs.default_policy))
    except CalibrationUnfit as error:
        click.echo(f"note: a comparison that asks for nothing but a target_fmr is refused now: {error}", err=True)
    if as_json:
        click.echo(json.dumps(asdict(made), indent=2))
        return
    click.echo(f"pack {made.pack}, from {made.dataset} (run {run_id}):")
    for point in made.points:
        if point.refused:
            click.echo(f"  FMR <= {point.target:g}: refused, {point.refused}")
        else:
            click.echo(
                f"  FMR <= {point.target:g}: threshold {point.threshold:.4f} ({point.errors} false matches in "
                f"{point.trials}, so at most {point.high:.3g} with 95 % confidence); over people, who recur: "
                + (f"at most {point.high_over_people:.3g}" if point.high_over_people is not None else "not known")
            )
