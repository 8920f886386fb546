"""`likeness keys`: the operator's way to API keys. It talks to Redis, not to the API."""

import json
import time
from collections.abc import Mapping
from typing import Any

import click

from core.keys.keys import ApiKey, Scope, Token
from core.keys.store import KeyStore
from core.settings import load_settings
from likeness.cli import ids
from likeness.cli.sections import SectionedGroup
from likeness.cli.terminal import moment, say, table

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(cls=SectionedGroup)
def keys() -> None:
    """API keys: who may call the API, and for what."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    required=True,
    help="May be repeated.",
)
@click.option("--expires", "expires_days", type=click.FloatRange(min=0, min_open=True), help="Days until it expires.")
@click.option("--rate", type=click.IntRange(min=0), help="Requests a minute; 0: any number.")
@click.option("--quota", type=click.IntRange(min=0), help="Comparisons a day; 0: any number.")
@click.option(
    "--bytes", "upload_bytes", type=click.IntRange(min=0), help="Bytes of images, as sent, a minute; 0: any number."
)
@JSON
def create(
    name: str,
    scopes: tuple[str, ...],
    expires_days: float | None,
    rate: int | None,
    quota: int | None,
    upload_bytes: int | None,
    as_json: bool,
) -> None:
    """Make a key called NAME and print it, once: only its digest is stored.

    \b
    submit    submit, cancel and erase comparisons
    read      read and list comparisons; list packs
    evaluate  start, follow and read evaluation runs
    admin     all of it, and every key's jobs
    """
    _show_new(
        *KeyStore(load_settings().redis).create(
            name,
            [Scope(scope) for scope in scopes],
            expires_at=time.time() + expires_days * 86400 if expires_days else None,
            requests_per_minute=rate,
            comparisons_per_day=quota,
            upload_bytes_per_minute=upload_bytes,
        ),
        as_json=as_json,
    )


@keys.command("list")
@JSON
def list_keys(as_json: bool) -> None:
    """List every key there ever was, oldest first."""
    now = time.time()
    listed = list(KeyStore(load_settings().redis).all())
    if as_json:
        click.echo(json.dumps([_document(key, now) for key in listed], indent=2))
        return
    rows = table("id", "name", "scopes", "state", "created", "expires", "last used", "owns")
    for key in listed:
        times = (moment(at) for at in (key.created_at, key.expires_at, key.last_used_at))
        rows.add_row(key.id, key.name, ", ".join(sorted(key.scopes)), key.state_at(now), *times, key.owner)
    rows.show()


@keys.command()
@click.argument("key_id", metavar="ID")
@JSON
def show(key_id: str, as_json: bool) -> None:
    """Show a key: what it may do, and how much. The key itself was shown when it was made."""
    keys = KeyStore(load_settings().redis)
    key = keys.get(ids.key_id(keys, key_id))
    if as_json:
        click.echo(json.dumps(_document(key, time.time()), indent=2))
        return
    limits = {
        "requests a minute": key.requests_per_minute,
        "comparisons a day": key.comparisons_per_day,
        "bytes of images a minute": key.upload_bytes_per_minute,
    }
    own = [f"{most or 'any number of'} {what}" for what, most in limits.items() if most is not None]
    said = {
        "key": f"{key.id} ({key.state_at(time.time())})",
        "name": key.name,
        "scopes": ", ".join(sorted(key.scopes)),
        "owns": key.owner,
        "created": moment(key.created_at),
        "expires": moment(key.expires_at),
        "revoked": moment(key.revoked_at),
        "last used": moment(key.last_used_at),
        "limits": ", ".join(own) or "the deployment's",
    }
    say("\n".join(f"{name:<10} {value}" for name, value in said.items() if value))


@keys.command()
@click.argument("key_id", metavar="ID")
def revoke(key_id: str) -> None:
    """Refuse the key from now on. Its jobs stay."""
    keys = KeyStore(load_settings().redis)
    click.echo(f"{keys.revoke(ids.key_id(keys, key_id)).id} is revoked")


@keys.command()
@click.argument("key_id", metavar="ID")
@click.option(
    "--overlap", "overlap_s", type=click.FloatRange(min=0), default=0.0, help="Seconds the old key still works."
)
@JSON
def rotate(key_id: str, overlap_s: float, as_json: bool) -> None:
    """Make a key in place of another, with its name, scopes, limits and jobs, and print it, once."""
    keys = KeyStore(load_settings().redis)
    _show_new(*keys.rotate(ids.key_id(keys, key_id), overlap_s=overlap_s), as_json=as_json)


def _show_new(key: ApiKey, token: Token, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**_document(key, time.time()), "key": str(token)}, indent=2))
        return
    click.echo(str(token))
    click.echo(f"{key.name}, {', '.join(sorted(key.scopes))}. It is not shown again.", err=True)


def _document(key: ApiKey, now: float) -> Mapping[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "owner": key.owner,
        "scopes": sorted(key.scopes),
        "state": key.state_at(now),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "requests_per_minute": key.requests_per_minute,
        "comparisons_per_day": key.comparisons_per_day,
        "upload_bytes_per_minute": key.upload_bytes_per_minute,
    }
