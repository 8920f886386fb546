"""`python -m bench.report` renders the stored measurements once more."""

import json
from pathlib import Path

import click

from bench.report import write
from bench.targets import targets
from core.settings import CHECKOUT, load_settings


@click.command()
@click.option(
    "--bench",
    "stored",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Measurements, if not those in .likeness/bench.json.",
)
@click.option(
    "--docs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=CHECKOUT / "docs",
    help="Where performance.md goes, if not the checkout's docs.",
)
def main(stored: Path | None, docs: Path) -> None:
    """Render docs/performance.md and its plots from stored measurements."""
    stored = stored or load_settings().home / "bench.json"
    if not stored.is_file():
        raise click.ClickException("nothing was measured yet: make bench")
    bench = json.loads(stored.read_text(encoding="utf-8"))
    write(bench | {"targets": targets(bench)}, docs)


if __name__ == "__main__":
    main()
