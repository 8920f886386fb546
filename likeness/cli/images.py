"""`likeness images`: the images of a job, for who runs the deployment."""

from pathlib import Path

import click

from core.settings import load_settings
from likeness.cli.ids import stored_job_id


@click.command()
@click.argument("job_id")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Directory to write `reference` and `probe` into, each with the ending of its kind.",
)
def images(job_id: str, out: Path) -> None:
    """Open the stored images of a job: they are sealed with a key of the job's own.

    They are there until the job ends and, with LIKENESS_IMAGE_RETENTION_S, for a time after it.

    Works on the servers of the settings, not through the API.
    """
    from core.comparisons.opening import open_images
    from core.comparisons.store import JobStore
    from core.storage.objects import ObjectStore

    settings = load_settings()
    jobs = JobStore.of(settings)
    job, bodies = open_images(jobs, ObjectStore(settings.objects), stored_job_id(jobs, job_id))
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    for side, facts, body in zip(
        ("reference", "probe"), (job.request.reference, job.request.probe), bodies, strict=True
    ):
        file = out / f"{side}.{facts.media_type.removeprefix('image/')}"
        file.touch(mode=0o600)
        file.write_bytes(body)
        click.echo(file)
