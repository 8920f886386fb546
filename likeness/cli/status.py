"""`likeness status`: what runs, what waits, for how long, and why."""

import json
import sys
import time
from typing import Any

import click
from rich.table import Table

from core.errors import LikenessError
from core.settings import Settings, load_settings
from core.storage.records import DELIVERY
from core.webhooks.deliveries import DeliveryStatus
from likeness.cli.durations import span
from likeness.cli.readiness import ask_ready
from likeness.cli.standing import KINDS, OPEN, Standing, standing
from likeness.cli.terminal import table, wide_console


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
def status(watch: bool, every_s: float, as_json: bool) -> None:
    """Show workers and what they hold, queues, how long the oldest waits and why, and deliveries.

    Asks Redis and the workers, not the API: it tells what is there when the API is away. Takes a second, in which
    workers may answer; one that is paused does not.

    \b
    Exit status: 0 told, whatever it is
                 1 Redis does not answer, or nothing runs
    """
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
        said = {"api": ask_ready(settings.api.url).sentence, **document(found)}
        click.echo(json.dumps(said, indent=None if again else 2))
        return
    if again and sys.stdout.isatty():
        click.clear()
    console = wide_console()
    if again:
        console.print(time.strftime("%H:%M:%S", time.localtime(found.at)))
    for one in (_workers(found), _queues(found), _work(found)):
        console.print(one)
        console.print()
    click.echo(_deliveries(found))
    click.echo(f"API        {settings.api.url} {ask_ready(settings.api.url).sentence}")
    for sentence in found.why():
        click.echo(f"why        {sentence}")


def document(found: Standing) -> dict[str, Any]:
    """Everything, for programs; times in seconds."""
    return {
        "at": found.at,
        "workers": [
            {
                "name": worker.name,
                "answers": worker.answers,
                "queues": [*worker.queues],
                "packs": [
                    {"name": engine.pack.name, "digest": engine.pack.digest, "provider": engine.provider}
                    for engine in (worker.facts.engines if worker.facts else ())
                ],
                "started_at": worker.facts.started_at if worker.facts else None,
                "silent_s": worker.facts.silent_s if worker.facts else None,
            }
            for worker in found.workers
        ],
        "queues": [
            {"name": queue, "waiting": found.backlog.waiting[queue], "workers": [*found.takers(queue)]}
            for queue in found.queues
        ],
        "taken": found.backlog.taken,
        **{
            name: {
                f"{status}{what}": value
                for status in OPEN
                for what, value in (
                    ("", found.counts[kind, status].records),
                    ("_oldest_s", found.waits_s(kind, status)),
                    ("_oldest_id", found.counts[kind, status].oldest_id),
                )
            }
            for name, kind in KINDS.items()
        },
        "deliveries": {
            **{
                str(status): found.counts[DELIVERY, status].records
                for status in DeliveryStatus
                if (DELIVERY, status) in found.counts
            },
            "pending_oldest_s": found.waits_s(DELIVERY, DeliveryStatus.PENDING),
        },
        "why": [*found.why()],
    }


def _workers(found: Standing) -> Table:
    rows = table("worker", "answers", "up", "holds", "takes from")
    for worker in found.workers:
        up = span(found.at - worker.facts.started_at) if worker.facts else ""
        rows.add_row(
            worker.name, "yes" if worker.answers else "NO", up, ", ".join(worker.packs), ", ".join(worker.queues)
        )
    return rows


def _queues(found: Standing) -> Table:
    rows = table("queue", "waiting", "taken by")
    for queue in found.queues:
        rows.add_row(queue, str(found.backlog.waiting[queue]), ", ".join(found.takers(queue)) or "NOBODY")
    return rows


def _work(found: Standing) -> Table:
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
