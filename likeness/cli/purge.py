"""`likeness purge`: erase now what nobody needs any more."""

import sys

import click

from core.settings import load_settings


@click.command()
@click.option("--dry-run", "dry", is_flag=True, help="Only say what would be erased.")
@click.option("--yes", is_flag=True, help="Erase it.")
@click.option(
    "--older-than",
    "age_s",
    type=click.FloatRange(0),
    help="Age in seconds from which stored images that no job names count as left behind; less than a minute only "
    "while nobody submits. Default: LIKENESS_ORPHAN_AGE_S.",
)
@click.option(
    "--vacuum/--no-vacuum",
    default=True,
    help="Whether Redis's append-only file, and the volumes of the embedded object store, let go of deleted bytes.",
)
def purge(dry: bool, yes: bool, age_s: float | None, vacuum: bool) -> None:
    """Erase images that are due, images that no job names, and what expired jobs have left behind.

    The courier does the same all the time; this does it now, and tells. Servers keep deleted bytes for a while: Redis,
    and the embedded object store, are told to let go of them; see docs/reliability.md for others.

    Works on the servers of the settings, not through the API.
    """
    from core.batches.batch import PHOTOGRAPHS
    from core.batches.store import BatchStore
    from core.comparisons.erasure import erase_due
    from core.comparisons.orphans import Orphans
    from core.comparisons.store import JobStore
    from core.storage.journal import Rewriting, rewrite
    from core.storage.objects import ObjectStore
    from core.uploads.leftovers import Leftovers
    from core.uploads.store import UploadStore
    from infra.local.vacuum import embedded_server
    from infra.local.vacuum import vacuum as let_go

    if dry == yes:
        raise click.UsageError("give --dry-run, to see what would be erased, or --yes, to erase it")
    settings = load_settings()
    jobs, objects = JobStore.of(settings), ObjectStore(settings.objects)
    orphans = Orphans(settings.redis, settings.images, objects)
    of_batches = Orphans(settings.redis, settings.images, objects, kind="batch", prefix=PHOTOGRAPHS)
    leftovers = Leftovers(UploadStore.of(settings), objects, settings.uploads)
    batches = BatchStore.of(settings)
    without_job = [*orphans.find(age_s), *of_batches.find(age_s)]
    without_images = orphans.jobs_without_images()
    would = "would be " if dry else ""
    due = jobs.count_due_erasures() if dry else erase_due(jobs, objects)
    unnamed = [*leftovers.find(age_s)]
    unnamed_swept = len(unnamed) if dry else leftovers.sweep(age_s)
    swept = len(without_job) if dry else orphans.sweep(age_s) + of_batches.sweep(age_s)
    expired = (
        jobs.count_expired() + batches.count_expired() if dry else jobs.forget_expired() + batches.forget_expired()
    )
    click.echo(f"images that are due            {due} {would}erased")
    click.echo(f"images that no job names       {swept} {would}erased ({sum(o.size_bytes for o in without_job)} bytes)")
    click.echo(
        f"uploads that nobody needs      {unnamed_swept} {would}erased ({sum(o.size_bytes for o in unnamed)} bytes)"
    )
    click.echo(f"list entries of expired jobs   {expired} {would}dropped")
    click.echo(f"unfinished jobs without images {len(without_images)} (they will end as images_lost)")
    for job_id in without_images[:10]:
        click.echo(f"  {job_id}")
    server = embedded_server(settings)
    if server is None:
        click.echo("object store                   not ours: it lets go of deleted bytes in its own time")
    elif vacuum and not dry:
        let_go(server)
        click.echo("object store                   vacuumed: deleted bytes are gone from its files")
    if vacuum and not dry:
        said = {
            Rewriting.DONE: "rewritten: forgotten keys are gone from its append-only file",
            Rewriting.NEEDLESS: "keeps no append-only file",
            Rewriting.REFUSED: "does not let this user rewrite its append-only file (the command BGREWRITEAOF)",
        }
        click.echo(f"Redis                          {said[rewrite(settings.redis)]}")
    sys.exit(0)
