"""`likeness jobs`: comparison jobs that were submitted, listed and one by one."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import click

from core.storage.lifecycle import Status
from core.times import rfc3339, span
from core.vocabulary import Decision
from likeness.cli.api import api_client
from likeness.cli.comparisons import describe
from likeness.cli.ids import job_id
from likeness.cli.metadata import named_values
from likeness.cli.moments import Moment
from likeness.cli.sections import SectionedGroup, verb_follows
from likeness.cli.terminal import Rows, moment, say, table
from likeness.client import Client, ComparisonJob

URL = click.option("--url", help="The API. Default: LIKENESS_API_URL, or the running local stack.")
ONE_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
LIST_OPTIONS: tuple[Callable[..., Any], ...] = (
    click.option("--status", type=click.Choice([status.value for status in Status]), help="Only jobs in this status."),
    click.option("--outcome", type=click.Choice(["compared", "not_acquired"]), help="Only jobs with this outcome."),
    click.option("--decision", type=click.Choice([d.value for d in Decision]), help="Only jobs decided so."),
    click.option("--reason", help="Only jobs with this reason why an image was not acquired, e.g. no_face."),
    click.option("--pack", help="Only jobs of this pack."),
    click.option("--metadata", multiple=True, metavar="NAME=VALUE", help="Only jobs with this metadata; repeatable."),
    click.option("--since", type=Moment(), help="Created since then: 2026-01-31T12:00:00Z, or 90m, 2h, 7d ago."),
    click.option("--until", type=Moment(), help="Created before then."),
    click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many jobs."),
    click.option("--json", "as_json", is_flag=True, help="Print a JSON document a line."),
    URL,
)


def listing(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a list, for the group and for its `list`."""
    for option in reversed(LIST_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs are listed; what is None or empty does not matter."""

    status: str | None
    outcome: str | None
    decision: str | None
    reason: str | None
    pack: str | None
    #: Seconds since the epoch, UTC.
    since: float | None
    until: float | None
    metadata: Mapping[str, str]

    @classmethod
    def of(cls, *, metadata: tuple[str, ...], **asked: Any) -> Self:
        """As the options say. Raise click.BadParameter for metadata without a value."""
        return cls(metadata=named_values(metadata), **asked)

    def among(self, client: Client, limit: int) -> Iterator[ComparisonJob]:
        """Up to `limit` of those jobs, newest first: the API looks for them."""
        return client.jobs(
            limit=limit,
            created_after=None if self.since is None else rfc3339(self.since),
            created_before=None if self.until is None else rfc3339(self.until),
            metadata=self.metadata,
            **{name: getattr(self, name) for name in ("status", "outcome", "decision", "reason", "pack")},
        )


@click.group(cls=SectionedGroup, invoke_without_command=True)
@listing
@click.option("--cancel", "cancel_id", metavar="ID", help="Cancel this job instead.")
@click.option("--erase", "erase_id", metavar="ID", help="Erase this job and its images instead.")
@click.pass_context
def jobs(ctx: click.Context, /, cancel_id: str | None, erase_id: str | None, **options: Any) -> None:
    """List comparison jobs, newest first; or show, cancel, erase one.

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


@jobs.command("list")
@listing
def list_jobs(**options: Any) -> None:
    """List comparison jobs, newest first."""
    _list(**options)


@jobs.command()
@click.argument("given", metavar="ID")
@ONE_JSON
@URL
def show(given: str, as_json: bool, url: str | None) -> None:
    """Show a job: what was asked for, how it stands, what was found."""
    with api_client(url) as client:
        job = client.get(job_id(client, given))
    if as_json:
        click.echo(json.dumps(dict(job.document), indent=2))
    else:
        say("\n".join((describe(job), *_times(job))))


@jobs.command()
@click.argument("given", metavar="ID")
@ONE_JSON
@URL
def cancel(given: str, as_json: bool, url: str | None) -> None:
    """Cancel a job that has not ended."""
    _cancel(given, url, as_json=as_json)


@jobs.command()
@click.argument("given", metavar="ID")
@URL
def erase(given: str, url: str | None) -> None:
    """Erase a job and its images, in whatever state."""
    _erase(given, url)


def _list(*, limit: int, as_json: bool, url: str | None, **asked: Any) -> None:
    wanted = Wanted.of(**asked)
    with api_client(url) as client:
        _print(list(wanted.among(client, limit)), as_json=as_json)


def _cancel(given: str, url: str | None, *, as_json: bool) -> None:
    with api_client(url) as client:
        _print([client.cancel(job_id(client, given))], as_json=as_json)


def _erase(given: str, url: str | None) -> None:
    with api_client(url) as client:
        erased = job_id(client, given)
        client.erase(erased)
    click.echo(f"{erased} is erased")


def _print(listed: Iterable[ComparisonJob], *, as_json: bool) -> None:
    if as_json:
        for job in listed:
            click.echo(json.dumps(dict(job.document)))
    else:
        _table(listed).show()


def _table(listed: Iterable[ComparisonJob]) -> Rows:
    rows = table("id", "status", "outcome", "score", "decision", "pack", "created")
    for job in listed:
        rows.add_row(
            job.id,
            job.status,
            ", ".join(sorted({r["reason"] for r in job.reasons})) or job.outcome or "",
            "" if job.score is None else f"{job.score:.4f}",
            job.decision or "",
            job.document["pack"],
            moment(job.document["created_at"]),
        )
    return rows


def _times(job: ComparisonJob) -> Iterator[str]:
    document = job.document
    created, started, ended = (
        datetime.fromisoformat(at).timestamp() if (at := document[f"{step}_at"]) else None
        for step in ("created", "started", "ended")
    )
    yield f"created    {document['created_at']}"
    if not job.has_ended and created is not None:
        yield f"waits      {job.status} for {span(time.time() - (started or created))}; `likeness status` says why"
    if started:
        yield f"started    {document['started_at']}, attempt {document['attempts']}"
    if ended:
        yield f"ended      {document['ended_at']}"
    for name, value in sorted(document["metadata"].items()):
        yield f"metadata   {name}={value}"
