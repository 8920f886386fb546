"""`likeness status`: what runs, what waits, for how long, and why."""

import json
import sys
import time

import click

from core.deployment.document import document
from core.deployment.standing import KINDS, OPEN, Standing, standing
from core.errors import LikenessError
from core.settings import Settings, load_settings
from core.storage.records import DELIVERY
from core.times import span
from core.webhooks.deliveries import DeliveryStatus
from likeness.cli.readiness import ask_ready
from likeness.cli.system import show_system
from likeness.cli.terminal import Rows, say, table


@click.command()
@click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C.")
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(0.2),
    default=2.0,
    show_default=True,
    help="With --watch: seconds from one look to the next.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with --watch, a document a line.")
@click.option("--url", help="Ask this API in place of the servers, with LIKENESS_API_KEY: `GET /v1/system`.")
def status(watch: bool, every_s: float, as_json: bool, url: str | None) -> None:
    """Show workers and what they hold, queues, how long the oldest waits and why, and deliveries.

    Asks Redis and the workers, not the API: it tells what is there when the API is away. Takes a second, in which
    workers may answer; one that is paused does not. From another machine, --url asks the API: all with a key that
    has the scope admin, or with keys off; otherwise what the key has itself.

    \b
    Exit status: 0 told, whatever it is
                 1 Redis, or the API, does not answer, or nothing runs
    """
    if url is not None:
        if watch:
            raise click.UsageError("--watch asks the servers; it does not go with --url")
        show_system(url, as_json=as_json)
        return
    settings = load_settings()
    while True:
        try:
            _show(standing(settings), settings, as_json=as_json, again=watch)
        except LikenessError as error:
            if not (watch and error.retryable):
                raise
            click.echo(f"likeness: {error}", err=True)
        if not watch:
            return
        try:
            time.sleep(every_s)
        except KeyboardInterrupt:
            return


def _show(found: Standing, settings: Settings, *, as_json: bool, again: bool) -> None:
    if as_json:
        said = {"api": ask_ready(settings.api.url).sentence, "at": found.at, **document(found)}
        click.echo(json.dumps(said, indent=None if again else 2))
        return
    if again and sys.stdout.isatty():
        click.clear()
    if again:
        click.echo(time.strftime("%H:%M:%S", time.localtime(found.at)))
    for one in (_workers(found), _queues(found), _work(found)):
        one.show()
        click.echo()
    say(_deliveries(found))
    say(f"API        {settings.api.url} {ask_ready(settings.api.url).sentence}")
    for sentence in found.why():
        say(f"why        {sentence}")


def _workers(found: Standing) -> Rows:
    rows = table("worker", "answers", "up", "holds", "takes from")
    for worker in found.workers:
        up = span(found.at - worker.facts.started_at) if worker.facts else ""
        rows.add_row(
            worker.name, "yes" if worker.answers else "NO", up, ", ".join(worker.packs), ", ".join(worker.queues)
        )
    return rows


def _queues(found: Standing) -> Rows:
    rows = table("queue", "waiting", "taken by")
    for queue in found.queues:
        rows.add_row(queue, str(found.backlog.waiting[queue]), ", ".join(found.takers(queue)) or "NOBODY")
    return rows


def _work(found: Standing) -> Rows:
    rows = table("", "queued", "oldest", "running", "oldest")
    for name, kind in KINDS.items():
        cells = []
        for status in OPEN:
            waits_s = found.waits_s(kind, status)
            cells += [str(found.counts[kind, status].records), "" if waits_s is None else span(waits_s)]
        rows.add_row(name, *cells)
    return rows


def _deliveries(found: Standing) -> str:
    waits_s = found.waits_s(DELIVERY, DeliveryStatus.PENDING)
    oldest = "" if waits_s is None else f", the oldest of an event {span(waits_s)} ago"
    counts = {status: count.records for (kind, status), count in found.counts.items() if kind == DELIVERY}
    return (
        f"deliveries {counts[DeliveryStatus.PENDING]} pending{oldest}; {counts[DeliveryStatus.DEAD]} dead, "
        f"{counts[DeliveryStatus.DISABLED]} disabled"
    )
