"""`likeness batches`: batches that were submitted, listed and one by one."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from core.storage.lifecycle import Status
from core.times import rfc3339
from likeness.batches import BatchJob
from likeness.cli.api import api_client
from likeness.cli.batches import in_a_line
from likeness.cli.ids import batch_id
from likeness.cli.metadata import named_values
from likeness.cli.moments import Moment
from likeness.cli.sections import SectionedGroup, verb_follows
from likeness.cli.terminal import Rows, moment, say, table

URL = click.option("--url", help="The API. Default: LIKENESS_API_URL, or the running local stack.")
ONE_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
LIST_OPTIONS: tuple[Callable[..., Any], ...] = (
    click.option("--status", type=click.Choice([s.value for s in Status]), help="Only batches in this status."),
    click.option("--pack", help="Only batches of this pack."),
    click.option(
        "--metadata", multiple=True, metavar="NAME=VALUE", help="Only batches with this metadata; repeatable."
    ),
    click.option("--since", type=Moment(), help="Created since then: 2026-01-31T12:00:00Z, or 90m, 2h, 7d ago."),
    click.option("--until", type=Moment(), help="Created before then."),
    click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many batches."),
    click.option("--json", "as_json", is_flag=True, help="Print a JSON document a line."),
    URL,
)


def listing(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a list, for the group and for its `list`."""
    for option in reversed(LIST_OPTIONS):
        command = option(command)
    return command


@click.group(cls=SectionedGroup, invoke_without_command=True)
@listing
@click.option("--cancel", "cancel_id", metavar="ID", help="Cancel this batch instead; the rows it has stay.")
@click.option("--erase", "erase_id", metavar="ID", help="Erase this batch instead: its rows and its photographs.")
@click.pass_context
def batches(ctx: click.Context, /, cancel_id: str | None, erase_id: str | None, **options: Any) -> None:
    """List batches, newest first; or show, cancel, erase one, or print its rows.

    An ID may be given by so much of its beginning as no other one has.
    """
    if verb_follows(ctx):
        return
    url = options["url"]
    if erase_id:
        _erase(erase_id, url)
    elif cancel_id:
        _cancel(cancel_id, url, as_json=options["as_json"])
    else:
        _list(**options)


@batches.command("list")
@listing
def list_batches(**options: Any) -> None:
    """List batches, newest first."""
    _list(**options)


@batches.command()
@click.argument("given", metavar="ID")
@ONE_JSON
@URL
def show(given: str, as_json: bool, url: str | None) -> None:
    """Show a batch: what was asked for, how far it is, what was decided."""
    with api_client(url) as client:
        one = client.batches.get(batch_id(client, given))
    if as_json:
        click.echo(json.dumps(dict(one.document), indent=2))
    else:
        say("\n".join(_facts(one)))


@batches.command()
@click.argument("given", metavar="ID")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write them into this .csv or .jsonl file."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document a line: everything known of each pair.")
@URL
def rows(given: str, out: Path | None, as_json: bool, url: str | None) -> None:
    """Print the rows of a batch that there are, as CSV, in the order of its pairs."""
    form = out.suffix.lower().removeprefix(".") if out else "jsonl" if as_json else "csv"
    if form not in ("csv", "jsonl"):
        raise click.BadParameter("must end in .csv or .jsonl", param_hint="--out")
    with api_client(url) as client:
        text = client.batches.file(batch_id(client, given), form)
    if out is None:
        click.echo(text, nl=False)
        return
    with out.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
    click.echo(out)


@batches.command()
@click.argument("given", metavar="ID")
@ONE_JSON
@URL
def cancel(given: str, as_json: bool, url: str | None) -> None:
    """Cancel a batch that has not ended; the rows it has stay."""
    _cancel(given, url, as_json=as_json)


@batches.command()
@click.argument("given", metavar="ID")
@URL
def erase(given: str, url: str | None) -> None:
    """Erase a batch: its rows and its photographs, in whatever state."""
    _erase(given, url)


def _list(
    *,
    limit: int,
    as_json: bool,
    url: str | None,
    since: float | None,
    until: float | None,
    metadata: tuple[str, ...],
    **wanted: Any,
) -> None:
    times = {"created_after": since, "created_before": until}
    wanted |= {name: None if at is None else rfc3339(at) for name, at in times.items()}
    wanted["metadata"] = named_values(metadata)
    with api_client(url) as client:
        _print(list(client.batches.list(limit=limit, **wanted)), as_json=as_json)


def _cancel(given: str, url: str | None, *, as_json: bool) -> None:
    with api_client(url) as client:
        _print([client.batches.cancel(batch_id(client, given))], as_json=as_json)


def _erase(given: str, url: str | None) -> None:
    with api_client(url) as client:
        erased = batch_id(client, given)
        client.batches.erase(erased)
    click.echo(f"{erased} is erased")


def _print(listed: Iterable[BatchJob], *, as_json: bool) -> None:
    if as_json:
        for one in listed:
            click.echo(json.dumps(dict(one.document)))
    else:
        _table(listed).show()


def _table(listed: Iterable[BatchJob]) -> Rows:
    names = ("matches", "non_matches", "not_acquired", "failed")
    found = table("id", "status", "done", *(n.replace("_", " ") for n in names), "created")
    for one in listed:
        counts = (str(one.counts[name]) for name in names)
        found.add_row(one.id, one.status, f"{one.done}/{one.pairs}", *counts, moment(one.document["created_at"]))
    return found


def _facts(one: BatchJob) -> Iterator[str]:
    document = one.document
    yield f"batch      {in_a_line(one)}"
    yield f"images     {document['photographs']}"
    yield f"pack       {document['pack']}, policy {document['policy']}"
    yield f"threshold  {document['threshold']:g}: {document['threshold_origin']}"
    yield from (f"{step:<10} {at}" for step in ("created", "started", "ended") if (at := document[f"{step}_at"]))
    yield from (f"metadata   {name}={value}" for name, value in sorted(document["metadata"].items()))
    yield f"rows       likeness batches rows {one.id} --out results.csv"
