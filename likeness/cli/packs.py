"""`likeness packs`: which model packs there are, fetching them, checking them, adding one's own."""

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from core.errors import LikenessError
from core.packs.catalogue import Pack, PackKind, directory_identity, find_pack, load_catalogue
from core.settings import Settings, load_settings
from likeness.cli.sections import SectionedGroup
from likeness.cli.terminal import say, table


@click.group(cls=SectionedGroup)
def packs() -> None:
    """Model packs on this machine."""


@packs.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_packs(as_json: bool) -> None:
    """Show the packs in the list, their licences, and which are on this machine."""
    settings = load_settings()
    entries = [_entry(pack, settings) for pack in load_catalogue(settings.home).values()]
    if as_json:
        click.echo(json.dumps(entries, indent=2))
        return
    rows = table("pack", "for", "on this machine", "commercial use", "licence", "threshold")
    for entry in entries:
        rows.add_row(
            str(entry["name"]),
            str(entry["kind"]),
            "yes" if entry["installed"] else "no",
            "yes" if entry["commercial_use"] else "no",
            str(entry["licence"]),
            f"{entry['threshold']:g}",
        )
    rows.show()


@packs.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show the pack NAME: what it is for, its licence, its threshold and where that comes from, its files."""
    settings = load_settings()
    pack = find_pack(name, load_catalogue(settings.home))
    entry = _entry(pack, settings)
    if as_json:
        click.echo(json.dumps(entry, indent=2))
        return
    is_here, accepted = entry["installed"], entry["licence_accepted"]
    use = "commercial use allowed" if pack.commercial_use else "no commercial use"
    wants = "" if accepted else f"; not accepted yet: LIKENESS_ACCEPT_LICENCES={name}"
    facts = {
        "pack": f"{name} ({pack.kind})",
        "about": pack.summary,
        "licence": f"{pack.licence}; {use}{wants}",
        "threshold": f"{pack.threshold.value:g}: {pack.threshold.origin}",
        "here": str(settings.packs.path / name) if is_here else f"no: `likeness packs fetch {name}` fetches it",
        "digest": entry["digest"],
        "dimensions": pack.embedding_dimension or "",
    }
    say("\n".join(f"{fact:<10} {value}" for fact, value in facts.items() if value))
    say("\n".join(f"{'' if place else 'files':<10} {file.name} {file.sha256}" for place, file in enumerate(pack.files)))


@packs.command()
@click.argument("names", nargs=-1)
@click.option(
    "--from",
    "at_hand",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A directory that holds the pack's files, or those it is made of: nothing is downloaded.",
)
def fetch(names: tuple[str, ...], at_hand: Path | None) -> None:
    """Fetch packs by NAME; without a name, those the settings load (LIKENESS_PACKS, LIKENESS_LIVENESS_PACK)."""
    settings = load_settings()
    for name in names or settings.packs.needed:
        directory = fetch_with_progress(find_pack(name, load_catalogue(settings.home)), settings, at_hand)
        click.echo(f"{name} is in {directory}")


@packs.command()
@click.argument("names", nargs=-1)
def verify(names: tuple[str, ...]) -> None:
    """Recompute every digest of the packs by NAME; without a name, of all on this machine.

    Exit status 1 when a pack is missing, damaged, or has a licence nobody accepted.
    """
    from worker.packs.verify import verify as verify_pack

    settings = load_settings()
    catalogue = load_catalogue(settings.home)
    chosen = [find_pack(name, catalogue) for name in names] or [
        pack for pack in catalogue.values() if (settings.packs.path / pack.name).is_dir()
    ]
    if not chosen:
        raise LikenessError("no pack is on this machine yet: `likeness packs fetch` fetches the default")
    wrong = 0
    for pack in chosen:
        try:
            verify_pack(pack, settings.packs.path / pack.name, settings.packs)
        except LikenessError as error:
            wrong += 1
            click.echo(f"{pack.name}: {error}", err=True)
        else:
            click.echo(f"{pack.name}: {len(pack.files)} files as recorded, digest {directory_identity(pack).digest}")
    sys.exit(1 if wrong else 0)


@packs.command()
@click.argument("name")
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--licence", required=True, help="Under which licence the weights may be used, in words.")
@click.option("--commercial-use/--no-commercial-use", default=False, help="Whether that licence allows commercial use.")
@click.option("--threshold", type=click.FloatRange(-1, 1), required=True, help="Default decision threshold.")
@click.option("--threshold-origin", default="given when the pack was added", help="Where the threshold comes from.")
@click.option("--summary", default="", help="One line about the pack.")
def add(
    name: str,
    directory: Path,
    licence: str,
    commercial_use: bool,
    threshold: float,
    threshold_origin: str,
    summary: str,
) -> None:
    """Add your own pack: DIRECTORY is one that InsightFace's FaceAnalysis loads, or has a manifest for liveness.

    Its files are copied.
    """
    from worker.packs.own import add_pack

    pack = add_pack(
        name,
        directory,
        load_settings().packs,
        licence=licence,
        commercial_use=commercial_use,
        threshold=threshold,
        threshold_origin=threshold_origin,
        summary=summary,
    )
    judges = not pack.embedding_dimension
    does = "for liveness" if judges else f"{pack.embedding_dimension} dimensions"
    click.echo(f"{pack.name} is added: {len(pack.files)} files, {does}")
    if pack.needs_acceptance:
        click.echo(f"before it loads, accept its licence: put LIKENESS_ACCEPT_LICENCES={pack.name} into .env")
    setting = "LIKENESS_LIVENESS_PACK" if judges else "LIKENESS_PACKS"
    click.echo(
        f"for comparisons, name it in {setting}, in .env; then restart what runs (`likeness up`, or each process)"
    )


@packs.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.argument("names", nargs=-1)
def triton(directory: Path, names: tuple[str, ...]) -> None:
    """Write packs as a Triton model repository into DIRECTORY; without a name, those that serve comparisons.

    Point tritonserver --model-repository there, and workers at it: LIKENESS_PROVIDER=triton, LIKENESS_TRITON_URL.
    """
    from worker.engine.repository import write_repository
    from worker.packs.verify import verify as verify_pack

    settings = load_settings()
    for name in names or settings.packs.served:
        pack = find_pack(name, load_catalogue(settings.home), PackKind.RECOGNITION)
        verify_pack(pack, settings.packs.path / name, settings.packs)
        for written in write_repository(pack, settings.packs.path / name, directory):
            click.echo(f"{name}: {written}")


def fetch_with_progress(pack: Pack, settings: Settings, at_hand: Path | None = None) -> Path:
    """Fetch a pack, with a bar where there is a terminal."""
    from worker.packs.install import fetch as fetch_pack

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"fetching {pack.name}", total=None)
        return fetch_pack(
            pack,
            settings.packs,
            lambda done, total: bar.update(task, completed=done, total=total),
            at_hand=at_hand,
        )


def fetch_packs(settings: Settings) -> None:
    """Fetch what the settings load, where it is not on this machine yet."""
    catalogue = load_catalogue(settings.home)
    for name in settings.packs.needed:
        fetch_with_progress(find_pack(name, catalogue), settings)


def _entry(pack: Pack, settings: Settings) -> dict[str, object]:
    return {
        "name": pack.name,
        "kind": pack.kind.value,
        "summary": pack.summary,
        "installed": (settings.packs.path / pack.name).is_dir(),
        "licence": pack.licence,
        "licence_accepted": not pack.needs_acceptance or pack.name in settings.packs.accept_licences,
        "commercial_use": pack.commercial_use,
        "threshold": pack.threshold.value,
        "threshold_origin": pack.threshold.origin,
        "embedding_dimension": pack.embedding_dimension,
        "digest": directory_identity(pack).digest,
        "files": {file.name: file.sha256 for file in pack.files},
    }
