"""The `likeness` command."""

import sys

import click

from core.errors import LikenessError
from likeness.cli import batches, comparisons, demo, images, jobs, keys, packs, purge, receipts, stack, status, webhooks
from likeness.cli.doctor.command import doctor
from likeness.cli.evaluate.group import evaluate
from likeness.client import ApiError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="likeness", prog_name="likeness")
def likeness() -> None:
    """Face verification as an asynchronous job service.

    \b
    Start here:
      likeness demo                          start everything, verify two pairs of photographs, stop
      likeness up                            start everything and keep it up (Ctrl-C stops it)
      likeness compare ONE.jpg TWO.jpg --wait

    Settings are LIKENESS_... variables (see .env.example). A running local stack is found by itself.
    """


likeness.add_command(batches.batch)
likeness.add_command(batches.batches)
likeness.add_command(comparisons.compare)
likeness.add_command(jobs.jobs)
likeness.add_command(doctor)
likeness.add_command(images.images)
likeness.add_command(keys.keys)
likeness.add_command(packs.packs)
likeness.add_command(purge.purge)
likeness.add_command(receipts.receipt)
likeness.add_command(evaluate)
likeness.add_command(stack.up)
likeness.add_command(status.status)
likeness.add_command(demo.demo)
likeness.add_command(webhooks.webhooks)


def main() -> None:
    """Run the command; a failure we have a name for is one sentence, not a traceback."""
    try:
        likeness.main(standalone_mode=True)
    except (LikenessError, ApiError) as error:
        hint = "; this command sends the one in LIKENESS_API_KEY" if error.code == "key_missing" else ""
        click.echo(f"likeness: {error}{hint}", err=True)
        sys.exit(1)
