"""The `evaluate` commands: `celery -A worker.app evaluate ...`, and the same verbs in `likeness evaluate ...`."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import update_wrapper
from pathlib import Path
from typing import Any

import click
from celery import Celery
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from core.broker import Queues, celery_app
from core.calibrations import CalibrationStore
from core.comparison import Policy
from core.errors import LikenessError, ObjectNotFound
from core.lifecycle import Status
from core.object_store import ObjectStore
from core.packs import find_pack, load_catalogue
from core.presence import Presence
from core.run_requests import request_run
from core.run_store import RunStore
from core.runs import Run, RunKeys
from core.settings import Settings, default_home, load_settings
from core.terminal import wide_console

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
RESULTS = {"report.json": "report", "report.html": "page", "scores.csv": "scores"}


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command works with."""

    settings: Settings
    runs: RunStore
    objects: ObjectStore

    @property
    def celery(self) -> Celery:
        """To enqueue with."""
        return celery_app("likeness-cli", self.settings)


class EvaluateGroup(click.Group):
    """Prints a failure we have a name for as one sentence, under Celery's command too."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except LikenessError as why:
            raise click.ClickException(str(why)) from why


@click.group(cls=EvaluateGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.pass_context
def evaluate(ctx: click.Context) -> None:
    """Run LFW, CALFW, CPLFW or your own benchmark on the workers, and report.

    \b
    On a fresh machine:          evaluate import sample && evaluate run sample --wait
    With the LFW archive:        evaluate import lfw --archive lfw-deepfunneled.tgz --pairs pairs.txt
                                 evaluate run lfw --wait
    The stack must be up (`likeness up`), or LIKENESS_REDIS_URL and LIKENESS_S3_ENDPOINT must name it.
    """
    ctx.obj = None


def _with_desk(command: Callable[..., None]) -> Callable[..., None]:
    """Hand the command its desk; made late, so that `--help` needs no settings."""

    def wrapped(*args: Any, **kwargs: Any) -> None:
        settings = load_settings()
        command(Desk(settings, RunStore(settings), ObjectStore(settings)), *args, **kwargs)

    return update_wrapper(wrapped, command)


@evaluate.command("import")
@click.argument("kind", type=click.Choice(["lfw", "calfw", "cplfw", "csv", "bin", "sample"]))
@click.option(
    "--archive", type=click.Path(exists=True, path_type=Path), help="Images: a .tgz, .tar, .zip or directory."
)
@click.option("--pairs", type=FILE, help="The pair list: pairs.txt, pairs_CALFW.txt, pairs_CPLFW.txt or a CSV.")
@click.option("--file", "bin_file", type=FILE, help="For `bin`: InsightFace's verification file, e.g. cfp_fp.bin.")
@click.option(
    "--track",
    type=click.Choice(["raw", "aligned"]),
    default="raw",
    show_default=True,
    help="Photographs to detect faces in, or 112x112 crops that are aligned already.",
)
@click.option("--name", help="What to call the data set. Default: its kind, or the .bin file's name.")
@click.option("--replace", is_flag=True, help="Replace a data set of this name that has other content.")
@_with_desk
def import_(
    desk: Desk,
    kind: str,
    archive: Path | None,
    pairs: Path | None,
    bin_file: Path | None,
    track: str,
    name: str | None,
    replace: bool,
) -> None:
    """Put a benchmark into the object store: checked first, all or nothing.

    KIND says how the pair list is written. `sample` needs nothing: it takes the demo's photographs.
    """
    from evaluator.datasets import import_dataset, read_benchmark, read_bin_benchmark, sample_benchmark

    if kind == "sample":
        benchmark = sample_benchmark(_samples())
    elif kind == "bin":
        if bin_file is None:
            raise click.UsageError("`import bin` needs --file FILE.bin")
        benchmark, name = read_bin_benchmark(bin_file), name or bin_file.stem.lower()
    else:
        if archive is None or pairs is None:
            raise click.UsageError(f"`import {kind}` needs --archive and --pairs")
        benchmark = read_benchmark(kind, pairs, archive, track=track)  # type: ignore[arg-type]
    with _bar(f"importing {name or kind}") as move:
        dataset = import_dataset(desk.objects, name or kind, benchmark, replace=replace, progress=move)
    click.echo(
        f"{dataset.name}: {dataset.images} images, {dataset.pairs} pairs ({dataset.mated} mated), "
        f"{dataset.folds or 'no'} folds, {len(dataset.shards)} shards, digest {dataset.digest}"
    )
    for note in dataset.notes:
        click.echo(f"  note: {note}")


@evaluate.command()
@click.argument("name", type=click.Choice(["lfw"]))
@click.option(
    "--to", "directory", type=click.Path(file_okay=False, path_type=Path), help="Default: the home's downloads."
)
def fetch(name: str, directory: Path | None) -> None:
    """Download a public benchmark by checksum, for `import`. CALFW and CPLFW are handed out by their owners only."""
    from evaluator.datasets import fetch_lfw

    directory = directory or default_home() / "downloads"
    with _bar("fetching LFW") as move:
        archive, pairs = fetch_lfw(directory, progress=lambda done, total: move(done, total or 0))
    click.echo(f"next: evaluate import {name} --archive {archive} --pairs {pairs}")


@evaluate.command()
@click.option("--delete", "delete_name", metavar="NAME", help="Delete this data set instead.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_with_desk
def datasets(desk: Desk, delete_name: str | None, as_json: bool) -> None:
    """List the imported data sets."""
    from evaluator.datasets import delete_dataset, list_datasets

    if delete_name:
        delete_dataset(desk.objects, delete_name)
        click.echo(f"{delete_name} is deleted")
        return
    found = list_datasets(desk.objects)
    if as_json:
        click.echo(json.dumps([{k: v for k, v in asdict(d).items() if k != "shards"} for d in found], indent=2))
        return
    table = Table("name", "kind", "track", "images", "pairs", "mated", "folds", "digest", box=None, pad_edge=False)
    for d in found:
        table.add_row(d.name, d.kind, d.track, *map(str, (d.images, d.pairs, d.mated, d.folds)), d.digest[:12])
    wide_console().print(table)


@evaluate.command()
@click.argument("dataset")
@click.option("--pack", help="Model pack. Default: LIKENESS_DEFAULT_PACK.")
@click.option("--flip/--no-flip", default=False, help="Add the embedding of the mirrored crop, as papers do.")
@click.option(
    "--policy",
    type=click.Choice([policy.value for policy in Policy]),
    default=Policy.MOST_CENTRAL.value,
    show_default=True,
    help="Which face counts where an image shows several; in LFW the labelled one is the central one.",
)
@click.option(
    "--detection-size",
    type=click.IntRange(32, 2048),
    help="Detector input in pixels, a multiple of 32. Default: the service's; small pictures are seen at 320.",
)
@click.option("--wait/--no-wait", default=False, help="Follow the run to its end.")
@click.option("--json", "as_json", is_flag=True, help="Print the run; with --wait, its report.json.")
@_with_desk
def run(
    desk: Desk,
    dataset: str,
    pack: str | None,
    flip: bool,
    policy: str,
    detection_size: int | None,
    wait: bool,
    as_json: bool,
) -> None:
    """Start a run of DATASET on a pack. Without --wait it goes on by itself: `evaluate watch` follows it.

    \b
    Exit status: 0 succeeded (or started), 1 refused, 4 failed or cancelled.
    Ctrl-C while waiting leaves the run going; `evaluate cancel` stops it.
    """
    if detection_size is not None and detection_size % 32:
        raise click.BadParameter(f"must be a multiple of 32; found {detection_size}", param_hint="--detection-size")
    started = request_run(
        desk.runs,
        desk.objects,
        desk.celery,
        dataset=dataset,
        pack=find_pack(pack or desk.settings.default_pack, load_catalogue(desk.settings.home)),
        flip=flip,
        policy=Policy(policy),
        detection_size=detection_size or desk.settings.detection_size,
    )
    _follow(desk, started.id, wait=wait, as_json=as_json)


@evaluate.command()
@click.argument("run_id", metavar="RUN")
@click.option("--wait/--no-wait", default=False, help="Follow the new run to its end.")
@click.option("--json", "as_json", is_flag=True, help="Print the run; with --wait, its report.json.")
@_with_desk
def resume(desk: Desk, run_id: str, wait: bool, as_json: bool) -> None:
    """Do what a cancelled or failed RUN left undone, as a new run: what is embedded is not embedded again."""
    old = desk.runs.get(run_id)
    if old.status not in (Status.CANCELLED, Status.FAILED):
        raise LikenessError(f"run {run_id} is {old.status}; only a cancelled or failed run is resumed")
    asked = old.request
    started = request_run(
        desk.runs,
        desk.objects,
        desk.celery,
        dataset=asked.dataset,
        pack=find_pack(asked.pack, load_catalogue(desk.settings.home)),
        flip=asked.flip,
        policy=asked.policy,
        detection_size=asked.detection_size,
        resumes=run_id,
    )
    _follow(desk, started.id, wait=wait, as_json=as_json)


@evaluate.command()
@click.argument("run_id", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print report.json at the end.")
@_with_desk
def watch(desk: Desk, run_id: str, as_json: bool) -> None:
    """Follow a RUN to its end."""
    _follow(desk, run_id, wait=True, as_json=as_json)


@evaluate.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many runs.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document a line.")
@_with_desk
def list_(desk: Desk, limit: int, as_json: bool) -> None:
    """List runs, newest first."""
    runs = desk.runs.page(limit=limit).runs
    if as_json:
        for found in runs:
            click.echo(json.dumps(asdict(found)))
        return
    table = Table(
        "run", "status", "data set", "pack", "flip", "images", "accuracy", "created", box=None, pad_edge=False
    )
    for found in runs:
        accuracy = (found.summary or {}).get("accuracy_10fold", {}).get("mean")
        table.add_row(
            found.id,
            found.status,
            found.request.dataset,
            found.request.pack,
            "yes" if found.request.flip else "no",
            f"{found.progress.images_done}/{found.request.images}",
            f"{accuracy:.2%}" if accuracy is not None else "",
            time.strftime("%Y-%m-%d %H:%M", time.gmtime(found.created_at)),
        )
    wide_console().print(table)


@evaluate.command()
@click.argument("run_id", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_with_desk
def show(desk: Desk, run_id: str, as_json: bool) -> None:
    """Show a RUN: what was asked for, how far it is, what came out."""
    found = desk.runs.get(run_id)
    click.echo(json.dumps(asdict(found), indent=2) if as_json else _describe(found))


@evaluate.command()
@click.argument("run_id", metavar="RUN")
@click.option(
    "--out",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Directory for report.json, report.html and scores.csv.",
)
@_with_desk
def report(desk: Desk, run_id: str, directory: Path) -> None:
    """Write the report of a RUN: for machines, for people, and every score."""
    directory.mkdir(parents=True, exist_ok=True)
    for file, kind in RESULTS.items():
        (directory / file).write_bytes(_result(desk, run_id, kind))
        click.echo(directory / file)


@evaluate.command()
@click.argument("scores", type=FILE)
@click.option("--threshold", type=click.FloatRange(-1, 1), help="The pack's threshold; the report names it.")
def recompute(scores: Path, threshold: float | None) -> None:
    """Compute every metric again from a SCORES file, as JSON: the same numbers as in its report."""
    from evaluator.report import recompute as metrics_of

    click.echo(json.dumps(metrics_of(scores.read_bytes(), threshold), indent=2))


@evaluate.command()
@click.argument("run_a", metavar="RUN_A")
@click.argument("run_b", metavar="RUN_B")
@click.option("--fail-on-regression", is_flag=True, help="Exit with 5 when B is significantly worse than A.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_with_desk
def compare(desk: Desk, run_a: str, run_b: str, fail_on_regression: bool, as_json: bool) -> None:
    """Say whether two runs on the same pairs differ significantly (McNemar's exact test)."""
    from evaluator.report import as_text, from_csv
    from evaluator.report import compare as compare_scores

    a, b = (from_csv(_result(desk, run_id, "scores")) for run_id in (run_a, run_b))
    found = compare_scores(a, b, names=(run_a, run_b))
    click.echo(json.dumps(found, indent=2) if as_json else as_text(found), nl=as_json)
    if fail_on_regression and found["regression"]:
        sys.exit(5)


@evaluate.command()
@click.argument("run_id", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_with_desk
def calibrate(desk: Desk, run_id: str, as_json: bool) -> None:
    """Make the thresholds of a RUN the pack's: `target_fmr` then chooses among them."""
    from evaluator.calibrating import calibration_from
    from evaluator.report import from_csv

    run = desk.runs.get(run_id)
    pack = find_pack(run.request.pack, load_catalogue(desk.settings.home))
    made = calibration_from(run, from_csv(_result(desk, run_id, "scores")), pack, desk.settings)
    CalibrationStore(desk.settings).put(made)
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
                f"{point.trials}, 95 % interval {point.low:.2g} to {point.high:.2g})"
            )


@evaluate.command()
@click.argument("run_id", metavar="RUN")
@_with_desk
def cancel(desk: Desk, run_id: str) -> None:
    """Cancel a RUN; shards under way stop between images, and what is embedded stays for the next run."""
    click.echo(f"{desk.runs.cancel(run_id).id} is cancelled")


def _follow(desk: Desk, run_id: str, *, wait: bool, as_json: bool) -> None:
    if not wait:
        started = desk.runs.get(run_id)
        click.echo(
            json.dumps(asdict(started), indent=2) if as_json else f"{run_id}\nfollow it: evaluate watch {run_id}"
        )
        return
    ended = _watch(desk, run_id)
    if ended.status is not Status.SUCCEEDED:
        click.echo(json.dumps(asdict(ended), indent=2) if as_json else _describe(ended))
        sys.exit(4)
    click.echo(_result(desk, run_id, "report").decode() if as_json else _describe(ended))


def _watch(desk: Desk, run_id: str) -> Run:
    warned = time.monotonic()
    with _bar(run_id) as move:
        while not (found := desk.runs.get(run_id)).status.is_terminal:
            move(found.progress.images_done, found.request.images)
            if found.progress.images_done == 0 and time.monotonic() - warned > 5:
                warned = time.monotonic()
                _warn_without_workers(desk.settings)
            time.sleep(0.3)
        move(found.request.images, found.request.images)
    return found


def _warn_without_workers(settings: Settings) -> None:
    consumed = {queue for worker in Presence(settings).workers() for queue in worker.queues}
    for queue in {Queues.EVALUATIONS, Queues.REPORTS} - consumed:
        click.echo(f"waiting: no worker takes from the queue {queue!r}; is the stack up?", err=True)


def _result(desk: Desk, run_id: str, kind: str) -> bytes:
    found = desk.runs.get(run_id)
    try:
        return desk.objects.get(getattr(RunKeys(run_id), kind))
    except ObjectNotFound:
        raise LikenessError(f"run {run_id} is {found.status}: it has no {kind}") from None


def _describe(found: Run) -> str:
    asked = found.request
    lines = [
        f"run        {found.id} ({found.status})",
        f"data set   {asked.dataset}: {asked.pairs} pairs, {asked.images} images, {asked.track} track",
        f"pack       {asked.pack}, flip {'on' if asked.flip else 'off'}, detection at {asked.detection_size}",
        f"progress   {found.progress.images_done} of {asked.images} images, "
        f"{found.progress.shards_done} of {asked.shards} shards",
    ]
    lines += _headline(found.summary or {})
    if found.failure:
        lines.append(f"error      {found.failure.code}: {found.failure.message}")
    if found.status is Status.SUCCEEDED:
        lines.append(f"report     evaluate report {found.id} --out DIRECTORY")
    return "\n".join(lines)


def _headline(summary: dict[str, Any]) -> list[str]:
    if not summary:
        return []
    accuracy, point = summary["accuracy_10fold"], summary["at_threshold"]
    said = f"{accuracy['mean']:.2%} +- {accuracy['std']:.2%}" if "mean" in accuracy else accuracy["insufficient_data"]
    lines = [f"accuracy   {said} (10-fold)"]
    for name in ("fmr", "fnmr"):
        rate = point[name]
        said = (
            f"{rate['errors']}/{rate['trials']} = {rate['value']:.3%} at threshold {point['threshold']:g}, "
            f"95 % interval {rate['low']:.3%} to {rate['high']:.3%}"
            if "errors" in rate
            else rate["insufficient_data"]
        )
        lines.append(f"{name.upper():<10} {said}")
    return [*lines, f"FTA        {summary['fta']['images']} images"]


def _samples() -> Path:
    directory = default_home() / "samples"
    if not (directory / "obama.jpg").is_file():
        raise LikenessError(f"the sample photographs are not in {directory}: `likeness demo` fetches them")
    return directory


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, where that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task: TaskID = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)
