"""`import`, `fetch`, `datasets`: benchmarks in the object store."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.settings import default_home
from core.vocabulary import Track
from likeness.cli.evaluate.services import FILE, Services, progress_bar, services, with_services
from likeness.cli.sections import SectionedGroup, verb_follows
from likeness.cli.terminal import say, table

if TYPE_CHECKING:
    from evaluator.datasets.manifest import Dataset

#: The kinds whose pairs come from a list of their own.
LISTED = ("lfw", "calfw", "cplfw", "csv")


@click.command("import")
@click.argument("kind", type=click.Choice(["lfw", "calfw", "cplfw", "cfp-ff", "cfp-fp", "csv", "bin", "sample"]))
@click.option(
    "--archive", type=click.Path(exists=True, path_type=Path), help="Images: a .tgz, .tar, .zip or directory."
)
@click.option("--pairs", type=FILE, help="The pair list: pairs.txt or .csv, pairs_CALFW.txt, pairs_CPLFW.txt, a CSV.")
@click.option(
    "--names",
    type=FILE,
    multiple=True,
    help="A list of a group's images or people, e.g. male_names.txt for the group `male`; once for each group. Rates "
    "are then reported within and across groups.",
)
@click.option("--file", "bin_file", type=FILE, help="For `bin`: InsightFace's verification file, e.g. cfp_fp.bin.")
@click.option(
    "--track",
    type=click.Choice([track.value for track in Track]),
    default=Track.RAW.value,
    show_default=True,
    help="Photographs to detect faces in, or 112x112 crops that are aligned already.",
)
@click.option("--name", help="What to call the data set. Default: its kind, or the .bin file's name.")
@click.option("--replace", is_flag=True, help="Replace a data set of this name that has other content.")
@with_services
def import_(
    services: Services,
    kind: str,
    archive: Path | None,
    pairs: Path | None,
    names: tuple[Path, ...],
    bin_file: Path | None,
    track: str,
    name: str | None,
    replace: bool,
) -> None:
    """Put a benchmark into the object store: checked first, all or nothing.

    \b
    KIND says how the pair list is written:
      lfw, calfw, cplfw, csv   --archive IMAGES --pairs LIST
      cfp-ff, cfp-fp           --archive cfp-dataset.tgz, as published; the lists lie within
      bin                      --file FILE.bin
      sample                   nothing: the demo's photographs, fetched if need be
    """
    from evaluator.datasets import (
        import_dataset,
        read_benchmark,
        read_bin_benchmark,
        read_cfp_benchmark,
        sample_benchmark,
    )

    if names and kind not in LISTED:
        raise click.UsageError(f"--names goes with {', '.join(LISTED)}; found {kind}")
    if kind == "sample":
        benchmark = sample_benchmark(_samples())
    elif kind in ("cfp-ff", "cfp-fp"):
        if archive is None or pairs is not None:
            raise click.UsageError(f"`import {kind}` needs --archive cfp-dataset.tgz alone: the lists lie within it")
        benchmark = read_cfp_benchmark(kind, archive)  # type: ignore[arg-type]
    elif kind == "bin":
        if bin_file is None:
            raise click.UsageError("`import bin` needs --file FILE.bin")
        benchmark, name = read_bin_benchmark(bin_file), name or bin_file.stem.lower()
    else:
        if archive is None or pairs is None:
            raise click.UsageError(f"`import {kind}` needs --archive and --pairs")
        benchmark = read_benchmark(kind, pairs, archive, track=Track(track), names=names)  # type: ignore[arg-type]
    with progress_bar(f"importing {name or kind}") as move:
        dataset = import_dataset(services.objects, name or kind, benchmark, replace=replace, progress=move)
    click.echo(
        f"{dataset.name}: {dataset.images} images of {dataset.people or '?'} people, {dataset.pairs} pairs "
        f"({dataset.mated} mated), "
        f"{dataset.folds or 'no'} folds, {len(dataset.shards)} shards, digest {dataset.digest}"
    )
    for note in dataset.notes:
        click.echo(f"  note: {note}")


@click.command()
@click.argument("name", type=click.Choice(["lfw"]))
@click.option(
    "--to", "directory", type=click.Path(file_okay=False, path_type=Path), help="Default: the home's downloads."
)
def fetch(name: str, directory: Path | None) -> None:
    """Download a public benchmark by checksum, for `import`. CALFW and CPLFW are handed out by their owners only."""
    from evaluator.datasets import fetch_lfw

    directory = directory or default_home() / "downloads"
    with progress_bar("fetching LFW") as move:
        archive, pairs = fetch_lfw(directory, progress=lambda done, total: move(done, total or 0))
    click.echo(f"next: evaluate import {name} --archive {archive} --pairs {pairs}")


@click.group(cls=SectionedGroup, invoke_without_command=True)
@click.option("--delete", "delete_name", metavar="NAME", help="Delete this data set instead.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def datasets(ctx: click.Context, /, delete_name: str | None, as_json: bool) -> None:
    """List the imported data sets; or show or delete one."""
    if verb_follows(ctx):
        return
    if delete_name:
        _delete(services(), delete_name)
    else:
        _list(services(), as_json=as_json)


@datasets.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_services
def list_(services: Services, as_json: bool) -> None:
    """List the imported data sets."""
    _list(services, as_json=as_json)


@datasets.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_services
def show(services: Services, name: str, as_json: bool) -> None:
    """Show the data set NAME: what is in it, and what was assumed when it was read."""
    from evaluator.datasets import load_dataset

    dataset = load_dataset(services.objects, name)
    if as_json:
        click.echo(json.dumps(_facts(dataset), indent=2))
        return
    told = {
        "data set": f"{dataset.name} ({dataset.kind}, {dataset.track})",
        "images": f"{dataset.images} of {dataset.people or '?'} people, in {len(dataset.shards)} shards",
        "pairs": f"{dataset.pairs}: {dataset.mated} mated, {dataset.pairs - dataset.mated} non-mated; "
        f"{dataset.folds or 'no'} folds",
        "groups": ", ".join(dataset.group_names),
        "digest": dataset.digest,
    }
    say("\n".join(f"{fact:<10} {value}" for fact, value in told.items() if value))
    for note in dataset.notes:
        say(f"note       {note}")


@datasets.command()
@click.argument("name")
@with_services
def delete(services: Services, name: str) -> None:
    """Delete the data set NAME. Reports of runs on it stay."""
    _delete(services, name)


def _list(services: Services, *, as_json: bool) -> None:
    from evaluator.datasets import list_datasets

    imported = list_datasets(services.objects)
    if as_json:
        click.echo(json.dumps([_facts(d) for d in imported], indent=2))
        return
    rows = table("name", "kind", "track", "images", "pairs", "mated", "folds", "digest")
    for d in imported:
        rows.add_row(d.name, d.kind, d.track, *map(str, (d.images, d.pairs, d.mated, d.folds)), d.digest[:12])
    rows.show()


def _delete(services: Services, name: str) -> None:
    from evaluator.datasets import delete_dataset

    delete_dataset(services.objects, name)
    click.echo(f"{name} is deleted")


def _facts(dataset: "Dataset") -> dict[str, Any]:
    """Without the shards, and who is on which image: both are long."""
    long = ("shards", "subjects")
    return {k: v for k, v in asdict(dataset).items() if k not in long} | {"people": dataset.people}


def _samples() -> Path:
    """Where the sample photographs are; those that are there and right are not fetched again."""
    from infra.local.samples import fetch_samples

    with progress_bar("fetching the sample photographs") as move:
        fetched = fetch_samples(default_home(), lambda done, total: move(done, total or 0))
    return next(iter(fetched.values())).parent
