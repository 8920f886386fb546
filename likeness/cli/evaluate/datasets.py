"""`import`, `fetch`, `datasets`: benchmarks in the object store."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from core.settings import default_home
from core.vocabulary import Track
from likeness.cli.evaluate.services import FILE, Services, progress_bar, with_services
from likeness.cli.terminal import table

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


@click.command()
@click.option("--delete", "delete_name", metavar="NAME", help="Delete this data set instead.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_services
def datasets(services: Services, delete_name: str | None, as_json: bool) -> None:
    """List the imported data sets."""
    from evaluator.datasets import delete_dataset, list_datasets

    if delete_name:
        delete_dataset(services.objects, delete_name)
        click.echo(f"{delete_name} is deleted")
        return
    imported = list_datasets(services.objects)
    if as_json:
        long = ("shards", "subjects")
        facts = [{k: v for k, v in asdict(d).items() if k not in long} | {"people": d.people} for d in imported]
        click.echo(json.dumps(facts, indent=2))
        return
    rows = table("name", "kind", "track", "images", "pairs", "mated", "folds", "digest")
    for d in imported:
        rows.add_row(d.name, d.kind, d.track, *map(str, (d.images, d.pairs, d.mated, d.folds)), d.digest[:12])
    rows.show()


def _samples() -> Path:
    """Where the sample photographs are; those that are there and right are not fetched again."""
    from infra.local.samples import fetch_samples

    with progress_bar("fetching the sample photographs") as move:
        fetched = fetch_samples(default_home(), lambda done, total: move(done, total or 0))
    return next(iter(fetched.values())).parent
