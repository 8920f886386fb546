"""`report`, `recompute`, `compare`, `calibrate`: what a run found."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from core.evaluations.calibrations import CalibrationStore, CalibrationUnfit
from core.evaluations.scoring import Scoring
from core.messaging.presence import Presence
from core.packs.catalogue import find_pack, load_catalogue
from likeness.cli.evaluate.services import FILE, Services, result_of, with_services

RESULTS = {"report.json": "report", "report.html": "page", "scores.csv": "scores"}


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option(
    "--out",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Directory for report.json, report.html and scores.csv.",
)
@with_services
def report(services: Services, run_id: str, directory: Path) -> None:
    """Write the report of a RUN: for machines, for people, and every score."""
    directory.mkdir(parents=True, exist_ok=True)
    for file, kind in RESULTS.items():
        (directory / file).write_bytes(result_of(services, run_id, kind))
        click.echo(directory / file)


@click.command()
@click.argument("scores", type=FILE)
@click.option("--threshold", type=click.FloatRange(-1, 1), help="The pack's threshold; the report names it.")
def recompute(scores: Path, threshold: float | None) -> None:
    """Compute every metric again from a SCORES file, as JSON: the same numbers as in its report."""
    from evaluator.report import recompute as metrics_of

    click.echo(json.dumps(metrics_of(scores.read_bytes(), threshold), indent=2))


@click.command()
@click.argument("run_a", metavar="RUN_A")
@click.argument("run_b", metavar="RUN_B")
@click.option("--fail-on-regression", is_flag=True, help="Exit with 5 when B is significantly worse than A.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_services
def compare(services: Services, run_a: str, run_b: str, fail_on_regression: bool, as_json: bool) -> None:
    """Say whether two runs on the same pairs differ significantly (McNemar's exact test)."""
    from evaluator.report import as_text, from_csv
    from evaluator.report import compare as compare_scores

    a, b = (from_csv(result_of(services, run_id, "scores")) for run_id in (run_a, run_b))
    comparison = compare_scores(a, b, names=(run_a, run_b))
    click.echo(json.dumps(comparison, indent=2) if as_json else as_text(comparison), nl=as_json)
    if fail_on_regression and comparison["regression"]:
        sys.exit(5)


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--replace", is_flag=True, help="Also where the thresholds there are rest on more comparisons.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_services
def calibrate(services: Services, run_id: str, replace: bool, as_json: bool) -> None:
    """Make the thresholds of a RUN the pack's: `target_fmr` then chooses among them.

    Each keeps its FMR with 95 % confidence. They hold for comparisons that are scored as the run was: with its policy,
    detection settings, provider and pack; others are refused.
    """
    from evaluator.report import from_csv
    from evaluator.runs.calibrating import calibration_from

    run = services.runs.get(run_id)
    pack = find_pack(run.request.pack, load_catalogue(services.settings.home))
    report, table = json.loads(result_of(services, run_id, "report")), from_csv(result_of(services, run_id, "scores"))
    scoring = Scoring(services.settings.engine, Presence(services.settings.redis).comparing)
    made = calibration_from(run, report, table, pack, scoring)
    CalibrationStore(services.settings.redis).put(made, smaller=replace)
    try:
        made.require_fit(scoring.of(pack, services.settings.packs.default_policy))
    except CalibrationUnfit as error:
        click.echo(f"note: a comparison that asks for nothing but a target_fmr is refused now: {error}", err=True)
    if not made.trials:
        click.echo(
            "note: no threshold came of it, so every target_fmr is refused: more non-mated pairs are needed", err=True
        )
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
