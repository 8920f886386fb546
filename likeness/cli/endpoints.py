"""`likeness webhooks endpoints`: URLs that are told of every ending, each with a secret of its own."""

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import click

from core.webhooks.deliveries import DeliveryStatus
from core.webhooks.endpoints import EventType
from likeness.cli import ids
from likeness.cli.api import api_client
from likeness.cli.sections import SectionedGroup
from likeness.cli.terminal import moment, say, table

URL_OPTION = click.option("--url", "api", help="The API. Default: LIKENESS_API_URL, or the running local stack.")
JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
TYPES_OPTION = click.option(
    "--type",
    "event_types",
    type=click.Choice([str(event_type) for event_type in EventType]),
    multiple=True,
    help="What it is told of; may be repeated. Default: everything.",
)
#: How long `test` looks at the delivery.
TEST_WAIT_S = 40.0


@click.group(cls=SectionedGroup)
def endpoints() -> None:
    """URLs that are told of every ending of a key's jobs, each with a secret of its own."""


@endpoints.command()
@click.argument("url")
@TYPES_OPTION
@click.option("--description", help="For people.")
@JSON_OPTION
@URL_OPTION
def add(url: str, event_types: tuple[str, ...], description: str | None, as_json: bool, api: str | None) -> None:
    """Register URL, and print the secret that its consumer verifies with, once."""
    with api_client(api) as client:
        _show_new(client.add_endpoint(url, event_types=event_types or None, description=description), as_json=as_json)


@endpoints.command("list")
@JSON_OPTION
@URL_OPTION
def list_endpoints(as_json: bool, api: str | None) -> None:
    """List endpoints, newest first."""
    with api_client(api) as client:
        found = list(client.endpoints())
    if as_json:
        for endpoint in found:
            click.echo(json.dumps(endpoint))
        return
    rows = table("id", "enabled", "url", "types", "description", "owner", "created")
    for endpoint in found:
        rows.add_row(
            endpoint["id"],
            "yes" if endpoint["enabled"] else "no",
            endpoint["url"],
            types_of(endpoint),
            endpoint["description"],
            endpoint["owner"] or "",
            moment(endpoint["created_at"]),
        )
    rows.show()


@endpoints.command()
@click.argument("endpoint_id", metavar="ID")
@JSON_OPTION
@URL_OPTION
def show(endpoint_id: str, as_json: bool, api: str | None) -> None:
    """Show an endpoint: where it is, what it is told of. Its secret was shown when it was made."""
    with api_client(api) as client:
        endpoint = client.endpoint(ids.endpoint_id(client, endpoint_id))
    if as_json:
        click.echo(json.dumps(endpoint, indent=2))
        return
    facts = {
        "endpoint": f"{endpoint['id']} ({'enabled' if endpoint['enabled'] else 'disabled'})",
        "url": endpoint["url"],
        "types": types_of(endpoint),
        "about": endpoint["description"],
        "owner": endpoint["owner"],
        "created": endpoint["created_at"],
    }
    say("\n".join(f"{name:<10} {value}" for name, value in facts.items() if value))


@endpoints.command()
@click.argument("endpoint_id", metavar="ID")
@click.option("--to", "url", help="Another URL.")
@TYPES_OPTION
@click.option("--enable/--disable", "enabled", default=None, help="Whether anything is sent there.")
@click.option("--description", help="For people.")
@URL_OPTION
def change(
    endpoint_id: str,
    url: str | None,
    event_types: tuple[str, ...],
    enabled: bool | None,
    description: str | None,
    api: str | None,
) -> None:
    """Change an endpoint. What is not named stays."""
    asked = {"url": url, "event_types": [*event_types] or None, "enabled": enabled, "description": description}
    changes = {name: value for name, value in asked.items() if value is not None}
    if not changes:
        raise click.UsageError("name what to change: --to, --type, --enable, --disable or --description")
    with api_client(api) as client:
        click.echo(json.dumps(client.change_endpoint(ids.endpoint_id(client, endpoint_id), **changes), indent=2))


@endpoints.command()
@click.argument("endpoint_id", metavar="ID")
@click.option(
    "--grace", "grace_s", type=click.FloatRange(min=0), help="Seconds the old secret still signs. Default: a day."
)
@JSON_OPTION
@URL_OPTION
def rotate(endpoint_id: str, grace_s: float | None, as_json: bool, api: str | None) -> None:
    """Replace an endpoint's secret, and print the new one, once."""
    with api_client(api) as client:
        _show_new(client.rotate_endpoint_secret(ids.endpoint_id(client, endpoint_id), grace_s=grace_s), as_json=as_json)


@endpoints.command()
@click.argument("endpoint_id", metavar="ID")
@URL_OPTION
def test(endpoint_id: str, api: str | None) -> None:
    """Send a test event to an endpoint, by the way of all events, and say what came of it.

    Exit status: 0 when it was delivered, 1 otherwise.
    """
    deadline = time.monotonic() + TEST_WAIT_S
    with api_client(api) as client:
        delivery = client.test_endpoint(ids.endpoint_id(client, endpoint_id))
        while not delivery["log"] and delivery["status"] == DeliveryStatus.PENDING and time.monotonic() < deadline:
            time.sleep(0.2)
            delivery = client.delivery(delivery["id"])
    last = delivery["log"][-1]["detail"] if delivery["log"] else "no attempt was made yet: is a courier running?"
    click.echo(f"{delivery['id']}: {delivery['status']}, {last}")
    sys.exit(0 if delivery["status"] == DeliveryStatus.DELIVERED else 1)


@endpoints.command()
@click.argument("endpoint_id", metavar="ID")
@URL_OPTION
def remove(endpoint_id: str, api: str | None) -> None:
    """Remove an endpoint. What waits to be sent there is not sent any more."""
    with api_client(api) as client:
        endpoint_id = ids.endpoint_id(client, endpoint_id)
        client.remove_endpoint(endpoint_id)
    click.echo(f"{endpoint_id} is removed")


def types_of(endpoint: Mapping[str, Any]) -> str:
    """What an endpoint is told of, in a word where that is everything."""
    told = endpoint["event_types"]
    return "all" if {*told} >= {*map(str, EventType)} else ", ".join(told)


def _show_new(endpoint: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(endpoint, indent=2))
        return
    click.echo(endpoint["secret"])
    click.echo(f"{endpoint['id']}, {endpoint['url']}. The secret is not shown again.", err=True)
