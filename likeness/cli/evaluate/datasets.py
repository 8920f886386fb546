"""`import`, `fetch`, `datasets`: benchmarks in the object store."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.table import Table

from core.errors import LikenessError
from core.settings import default_home
from core.vocabulary import Track
from likeness.cli.evaluate.services import FILE, Services, progress_bar, with_services
from likeness.cli.terminal import wide_console


@click.command("import")
@click.argument("kind", type=click.Choice(["lfw", "calfw", "cplfw", "csv", "bin", "sample"]))
@click.option(
    "--archive", type=click.Path(exists=True, path_type=Path), help="Images: a .tgz, .tar, .zip or directory."
)
@click.option("--pairs", type=FILE, help="The pair list: pairs.txt, pairs_CALFW.txt, pairs_CPLFW.txt or a CSV.")
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
        benchmark = read_benchmark(kind, pairs, archive, track=Track(track))  # type: ignore[arg-type]
    with progress_bar(f"importing {name or kind}") as move:
        dataset = import_dataset(services.objects, name or kind, benchmark, replace=replace, progress=move)
    click.echo(
        f"{dataset.name}: {dataset.images} images, {dataset.pairs} pairs ({dataset.mated} mated), "
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
        click.echo(json.dumps([{k: v for k, v in asdict(d).items() if k != "shards"} for d in imported], indent=2))
        return
    table = Table("name", "kind", "track", "images", "pairs", "mated", "folds", "digest", box=None, pad_edge=False)
    for d in imported:
        table.add_row(d.name, d.kind, d.track, *map(str, (d.images, d.pairs, d.mated, d.folds)), d.digest[:12])
    wide_console().print(table)


def _samples() -> Path:
    directory = default_home() / "samples"
    if not (directory / "obama.jpg").is_file():
        raise LikenessError(f"the sample photographs are not in {directory}: `likeness demo` fetches them")
    return directory
