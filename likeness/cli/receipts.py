"""`likeness receipt`: fetch a signed receipt, and verify one offline."""

import json
from pathlib import Path
from typing import Any

import click

from core.reasons import reason_of
from likeness.cli import ids
from likeness.cli.api import api_client
from likeness.cli.sections import SectionedGroup

FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


@click.group(cls=SectionedGroup)
def receipt() -> None:
    """Signed receipts of comparisons."""


@receipt.command()
@click.argument("job_id")
@click.option("--url", help="The API. Default: LIKENESS_API_URL, or the running local stack.")
def get(job_id: str, url: str | None) -> None:
    """Print the receipt of a comparison that has ended."""
    with api_client(url) as client:
        click.echo(client.receipt(ids.job_id(client, job_id)))


@receipt.command()
@click.option("--url", help="The API. Default: LIKENESS_API_URL, or the running local stack.")
def jwks(url: str | None) -> None:
    """Print the public key that verifies receipts. Keep it where receipts are kept."""
    with api_client(url) as client:
        click.echo(json.dumps(client.jwks()))


@receipt.command()
@click.argument("file", type=FILE)
@click.option(
    "--jwks", "jwks_file", type=FILE, required=True, help="The public keys, as `likeness receipt jwks` prints."
)
def verify(file: Path, jwks_file: Path) -> None:
    """Verify the receipt in FILE (- for standard input) without asking anybody, and print what it says.

    Exit status 1: it was changed, or signed by another key.
    """
    from core.comparisons.receipts import verify as verify_receipt

    claims = verify_receipt(_read(file).strip(), _keys(jwks_file))
    click.echo(json.dumps(claims, indent=2))


def _read(file: Path) -> str:
    try:
        with click.open_file(str(file), encoding="utf-8") as text:
            return str(text.read())
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} is no receipt and no key: {reason_of(error)}") from None


def _keys(file: Path) -> Any:
    try:
        return json.loads(_read(file))
    except (ValueError, RecursionError) as error:
        raise click.ClickException(
            f"{file} has no keys, as `likeness receipt jwks` prints: {reason_of(error)}"
        ) from None
