"""`likeness webhooks`: the delivery log, replay, and trying callbacks out."""

import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import click

from core.errors import SettingsInvalid
from core.keys.store import KeyStore
from core.settings import Settings, load_settings
from core.storage.lifecycle import new_id
from core.webhooks.deliveries import DeliveryStatus
from core.webhooks.endings import event_body
from core.webhooks.signers import Signers
from core.webhooks.signing import Keyring, SignatureInvalid, new_private_key, new_secret
from courier.sender import make_sender
from likeness.cli import endpoints, ids
from likeness.cli.api import api_client
from likeness.cli.sections import SectionedGroup
from likeness.cli.terminal import Rows, moment, say, table

MAX_EVENT_BYTES = 64 * 1024
STATUSES = [status.value for status in DeliveryStatus]
URL_OPTION = click.option("--url", help="The API. Default: LIKENESS_API_URL, or the running local stack.")
KEY_OPTION = click.option(
    "--key", "key_id", metavar="ID", help="Of this API key; it may be any of a row of rotated ones."
)
JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(cls=SectionedGroup)
def webhooks() -> None:
    """Events that are sent to callback URLs and endpoints (docs/webhooks.md)."""


webhooks.add_command(endpoints.endpoints)


@webhooks.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Only deliveries in this status.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")
@JSON_OPTION
@URL_OPTION
def list_deliveries(status: str | None, limit: int, as_json: bool, url: str | None) -> None:
    """List deliveries, newest first."""
    with api_client(url) as client:
        deliveries = list(client.deliveries(status=status, limit=limit))
    if as_json:
        for delivery in deliveries:
            click.echo(json.dumps(delivery))
    else:
        _table(deliveries).show()


@webhooks.command()
@click.argument("event_id")
@JSON_OPTION
@URL_OPTION
def show(event_id: str, as_json: bool, url: str | None) -> None:
    """Show a delivery and every attempt."""
    with api_client(url) as client:
        delivery = client.delivery(ids.event_id(client, event_id))
    if as_json:
        click.echo(json.dumps(delivery, indent=2))
    else:
        say(describe(delivery))


@webhooks.command()
@click.argument("event_ids", nargs=-1)
@click.option(
    "--status",
    type=click.Choice([s for s in STATUSES if s != DeliveryStatus.PENDING]),
    help="Replay all in this status instead.",
)
@click.option("--since", help="With --status: of events not older than this, e.g. 2026-01-31T12:00:00Z.")
@click.option("--until", help="With --status: of events older than this.")
@URL_OPTION
def replay(
    event_ids: tuple[str, ...], status: str | None, since: str | None, until: str | None, url: str | None
) -> None:
    """Send events once more: those named, or all of a status and a time. They keep their ids."""
    if bool(event_ids) == bool(status):
        raise click.UsageError("name events, or give --status")
    with api_client(url) as client:
        count = len(event_ids)
        for event_id in event_ids:
            client.replay(ids.event_id(client, event_id))
        if status:
            count = client.replay_many(status, since=since, until=until)
    click.echo(f"{count} {'delivery is' if count == 1 else 'deliveries are'} due now")


@webhooks.command()
@click.option("--new", is_flag=True, help="Make a new one instead, and print it.")
@click.option("--ed25519", is_flag=True, help="With --new: a key whose public half consumers get.")
@KEY_OPTION
def secret(new: bool, ed25519: bool, key_id: str | None) -> None:
    """Print what consumers verify with: secrets, or the public halves of keys.

    With --key what the consumers of an API key verify with. Without it, what signs events that belong to no key:
    nobody else needs it, and whoever has it can sign for every key.
    """
    if new:
        click.echo(new_private_key() if ed25519 else new_secret())
        return
    settings = load_settings()
    if key_id is None and settings.api.auth_on:
        click.echo("These sign for every key: consumers get `likeness webhooks secret --key ID`.", err=True)
    for key in _keyring(settings, key_id).keys:
        click.echo(key.verifier)


@webhooks.command()
@click.argument("url")
@KEY_OPTION
def test(url: str, key_id: str | None) -> None:
    """Send a signed test event to URL, from here, through the same guard and the same code.

    Exit status: 0 when it was answered with 2xx, 1 otherwise.
    """
    settings = load_settings()
    event_id = new_id("evt")
    body = event_body("webhook.test", time.time(), {"message": "This is a test."})
    answer = make_sender(settings.webhooks).send(url, event_id, body, _keyring(settings, key_id))
    what = f"{answer.detail}" if answer.status else f"{answer.error}: {answer.detail}"
    click.echo(f"{event_id}: {what} ({answer.duration_ms:g} ms)")
    sys.exit(0 if answer.status and 200 <= answer.status < 300 else 1)


@webhooks.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8099, show_default=True, help="0: any free one.")
@click.option("--fail", type=click.IntRange(0), default=0, help="Answer each event with 500 this often first.")
@KEY_OPTION
def listen(port: int, fail: int, key_id: str | None) -> None:
    """Receive callbacks on this machine, verify their signatures, and print them. Ctrl-C stops it."""
    keyring = _keyring(load_settings(), key_id)
    seen: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        timeout = 20

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if not length.isdigit() or int(length) > MAX_EVENT_BYTES:
                self._answer(400)
                return
            body = self.rfile.read(int(length))
            try:
                event_id = keyring.verify(dict(self.headers.items()), body)
            except SignatureInvalid as error:
                click.echo(f"refused: {error}")
                self._answer(401)
                return
            seen[event_id] += 1
            status = 500 if seen[event_id] <= fail else 204
            click.echo(f"{event_id}  attempt {seen[event_id]}, signature valid, answered {status}")
            if status == 204:
                click.echo(json.dumps(json.loads(body), indent=2, ensure_ascii=False))
            self._answer(status)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """What is worth saying is said above."""

    try:
        listening = HTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise click.ClickException(f"port {port}: {error.strerror}; name another one with --port") from None
    with listening as server:
        click.echo(f"Listening on http://127.0.0.1:{server.server_address[1]}/ (Ctrl-C stops)")
        try:
            # A shell that starts a job in the background makes it ignore Ctrl-C.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("Stopped.")


def describe(delivery: Mapping[str, Any]) -> str:
    """A delivery and its log for people."""
    lines = [
        f"event      {delivery['id']} ({delivery['type']})",
        f"status     {delivery['status']}"
        + (f", next attempt {delivery['next_attempt_at']}" if delivery["next_attempt_at"] else ""),
        f"url        {delivery['url']}",
        f"job        {delivery['job_id'] or 'none: a test'}",
    ]
    lines += [
        f"{'attempts' if place == 0 else '':<10} {attempt['at']}  {attempt['status'] or attempt['error']}"
        f"  {attempt['duration_ms']:g} ms  {attempt['detail']}"
        for place, attempt in enumerate(delivery["log"])
    ]
    return "\n".join(lines)


def _keyring(settings: Settings, key_id: str | None) -> Keyring:
    keys = KeyStore(settings.redis)
    owner = keys.get(ids.key_id(keys, key_id)).owner if key_id else None
    keyring = Signers.of(settings.signing).for_owner(owner)
    if not keyring.keys:
        raise SettingsInvalid("LIKENESS_WEBHOOK_SECRETS is not set and no local stack is running")
    return keyring


def _table(found: Iterable[Mapping[str, Any]]) -> Rows:
    rows = table("event", "status", "attempts", "last answer", "type", "url", "created")
    for delivery in found:
        last = delivery["log"][-1] if delivery["log"] else {}
        rows.add_row(
            delivery["id"],
            delivery["status"],
            str(delivery["attempts"]),
            str(last.get("status") or last.get("error") or ""),
            delivery["type"],
            delivery["url"],
            moment(delivery["created_at"]),
        )
    return rows
