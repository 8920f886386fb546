"""`run`, `resume`, `watch`, `list`, `show`, `cancel`, `erase`: runs from their start to their end."""

import json
import sys
import time
from dataclasses import asdict

import click

from core.errors import LikenessError
from core.evaluations.calibrations import CalibrationStore
from core.evaluations.erasing import erase_run
from core.evaluations.requesting import request_run
from core.evaluations.runs import Run
from core.messaging.broker import Queues
from core.messaging.presence import Presence
from core.packs.catalogue import PackKind, directory_identity, find_pack, load_catalogue
from core.settings import Settings
from core.storage.lifecycle import Status
from core.vocabulary import Policy
from likeness.cli.evaluate.headline import headline
from likeness.cli.evaluate.services import Services, progress_bar, result_of, with_services
from likeness.cli.terminal import moment, say, table


@click.command()
@click.argument("dataset")
@click.option("--pack", help="Model pack. Default: LIKENESS_DEFAULT_PACK.")
@click.option("--flip/--no-flip", default=False, help="Add the embedding of the mirrored crop, as papers do.")
@click.option(
    "--policy",
    type=click.Choice([policy.value for policy in Policy]),
    help="Which face counts where an image shows several. Default: LIKENESS_DEFAULT_POLICY, as for comparisons; "
    "in LFW and its kin the labelled person is the most_central one. A calibration holds for its run's policy.",
)
@click.option(
    "--detection-size",
    type=click.IntRange(32, 2048),
    help="Detector input in pixels, a multiple of 32. Default: the service's; small images are seen at 320.",
)
@click.option("--wait/--no-wait", default=False, help="Follow the run to its end.")
@click.option("--json", "as_json", is_flag=True, help="Print the run; with --wait, its report.json.")
@with_services
def run(
    services: Services,
    dataset: str,
    pack: str | None,
    flip: bool,
    policy: str | None,
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
        services.runs,
        services.objects,
        services.enqueue,
        dataset=dataset,
        pack=find_pack(
            pack or services.settings.packs.default, load_catalogue(services.settings.home), PackKind.RECOGNITION
        ),
        flip=flip,
        policy=Policy(policy) if policy else services.settings.packs.default_policy,
        detection_size=detection_size or services.settings.engine.detection_size,
    )
    _follow(services, started.id, wait=wait, as_json=as_json)


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--wait/--no-wait", default=False, help="Follow the new run to its end.")
@click.option("--json", "as_json", is_flag=True, help="Print the run; with --wait, its report.json.")
@with_services
def resume(services: Services, run_id: str, wait: bool, as_json: bool) -> None:
    """Do what a cancelled or failed RUN left undone, as a new run: what is embedded is not embedded again."""
    old = services.runs.get(run_id)
    if old.status not in (Status.CANCELLED, Status.FAILED):
        raise LikenessError(f"run {run_id} is {old.status}; only a cancelled or failed run is resumed")
    request = old.request
    started = request_run(
        services.runs,
        services.objects,
        services.enqueue,
        dataset=request.dataset,
        pack=find_pack(request.pack, load_catalogue(services.settings.home)),
        flip=request.flip,
        policy=request.policy,
        detection_size=request.detection_size,
        resumes=run_id,
    )
    _follow(services, started.id, wait=wait, as_json=as_json)


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print report.json at the end.")
@with_services
def watch(services: Services, run_id: str, as_json: bool) -> None:
    """Follow a RUN to its end."""
    _follow(services, run_id, wait=True, as_json=as_json)


@click.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many runs.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document a line.")
@with_services
def list_(services: Services, limit: int, as_json: bool) -> None:
    """List runs, newest first."""
    runs = services.runs.page(limit=limit).runs
    if as_json:
        for run in runs:
            click.echo(json.dumps(asdict(run)))
        return
    rows = table("run", "status", "data set", "pack", "flip", "images", "accuracy", "created")
    for run in runs:
        accuracy = (run.summary or {}).get("accuracy_10fold", {}).get("mean")
        rows.add_row(
            run.id,
            run.status,
            run.request.dataset,
            run.request.pack,
            "yes" if run.request.flip else "no",
            f"{run.progress.images_done}/{run.request.images}",
            f"{accuracy:.2%}" if accuracy is not None else "",
            moment(run.created_at),
        )
    rows.show()


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_services
def show(services: Services, run_id: str, as_json: bool) -> None:
    """Show a RUN: what was asked for, how far it is, what came out."""
    run = services.runs.get(run_id)
    _tell(run, as_json=as_json)


@click.command()
@click.argument("run_id", metavar="RUN")
@with_services
def cancel(services: Services, run_id: str) -> None:
    """Cancel a RUN; shards under way stop between images, and what is embedded stays for the next run."""
    click.echo(f"{services.runs.cancel(run_id).id} is cancelled")


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--force", is_flag=True, help="Also one that has not ended, or that thresholds rest on; those stay.")
@with_services
def erase(services: Services, run_id: str, force: bool) -> None:
    """Erase a RUN: its record, report and score files. What was embedded stays for other runs."""
    catalogue = load_catalogue(services.settings.home)
    digests = [
        directory_identity(catalogue[name]).digest for name in services.settings.packs.served if name in catalogue
    ]
    erase_run(
        run_id,
        runs=services.runs,
        calibrations=CalibrationStore(services.settings.redis),
        objects=services.objects,
        digests=digests,
        force=force,
    )
    click.echo(f"{run_id} is erased")


def _follow(services: Services, run_id: str, *, wait: bool, as_json: bool) -> None:
    if not wait:
        started = services.runs.get(run_id)
        click.echo(
            json.dumps(asdict(started), indent=2)
            if as_json
            else f"{run_id}\nfollow it: likeness evaluate watch {run_id}"
        )
        return
    ended = _watch(services, run_id)
    if ended.status is not Status.SUCCEEDED:
        _tell(ended, as_json=as_json)
        sys.exit(4)
    if as_json:
        click.echo(result_of(services, run_id, "report").decode())
    else:
        _tell(ended, as_json=False)


def _watch(services: Services, run_id: str) -> Run:
    warned = time.monotonic()
    with progress_bar(run_id) as move:
        while not (run := services.runs.get(run_id)).status.is_terminal:
            move(run.progress.images_done, run.request.images)
            if run.progress.images_done == 0 and time.monotonic() - warned > 5:
                warned = time.monotonic()
                _warn_without_workers(services.settings)
            time.sleep(0.3)
        move(run.request.images, run.request.images)
    return run


def _warn_without_workers(settings: Settings) -> None:
    consumed = {queue for worker in Presence(settings.redis).workers() for queue in worker.queues}
    for queue in {Queues.EVALUATIONS, Queues.REPORTS} - consumed:
        click.echo(f"waiting: no worker takes from the queue {queue!r}; is the stack up?", err=True)


def _tell(run: Run, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(run), indent=2))
    else:
        say(_describe(run))


def _describe(run: Run) -> str:
    request = run.request
    lines = [
        f"run        {run.id} ({run.status})",
        f"data set   {request.dataset}: {request.pairs} pairs, {request.images} images, {request.track} track",
        f"pack       {request.pack}, flip {'on' if request.flip else 'off'}, detection at {request.detection_size}",
        f"progress   {run.progress.images_done} of {request.images} images, "
        f"{run.progress.shards_done} of {request.shards} shards",
    ]
    lines += headline(run.summary or {})
    if run.failure:
        lines.append(f"error      {run.failure.code}: {run.failure.message}")
    if run.status is Status.SUCCEEDED:
        lines.append(f"report     likeness evaluate report {run.id} --out DIRECTORY")
    return "\n".join(lines)
