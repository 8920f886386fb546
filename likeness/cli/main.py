"""The `likeness` command."""

import sys

import click

from core.errors import LikenessError
from core.settings import default_home
from core.storage import patience
from likeness.cli import (
    batch_records,
    batches,
    comparisons,
    demo,
    images,
    jobs,
    keys,
    packs,
    purge,
    receipts,
    stack,
    status,
    webhooks,
)
from likeness.cli.doctor.command import doctor
from likeness.cli.evaluate.group import evaluate
from likeness.cli.outages import told
from likeness.cli.refusals import failed, refused
from likeness.cli.sections import SectionedGroup
from likeness.client import ApiError, ApiRefused

SECTIONS = {
    "Verify faces": ("compare", "jobs", "batch", "batches", "receipt", "webhooks"),
    "Measure a pack": ("evaluate",),
    "Run it": ("demo", "up", "status", "doctor", "packs", "keys", "images", "purge"),
}


@click.group(
    cls=SectionedGroup,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
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
likeness.add_command(batch_records.batches)
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
    """Run the command; a failure we have a name for, or that the system has one for, is a sentence, no traceback."""
    try:
        with patience.of_command():
            status = likeness.main(standalone_mode=False)
    except click.ClickException as error:
        refused(error)
    except click.Abort:
        failed("interrupted")
    except LikenessError as error:
        failed(told(error))
    except ApiError as error:
        failed(f"{error}{_hint(error)}")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        at_home = str(error.filename or "").startswith(str(default_home()))
        hint = "; LIKENESS_HOME names another directory for what lies there" if at_home else ""
        failed(f"{where}{error.strerror or error}{hint}")
    sys.exit(status if isinstance(status, int) else 0)


def _hint(error: ApiError) -> str:
    """What the API cannot know: which setting of ours the sender would change, and where."""
    if not isinstance(error, ApiRefused):
        return ""
    if error.code == "key_missing":
        return "; this command sends the one in LIKENESS_API_KEY"
    if error.code == "scope_missing" or error.code.startswith("key_"):
        return (
            "; it is the one in LIKENESS_API_KEY (`likeness keys list` and `keys create`, where Redis can be reached)"
        )
    if error.code == "pack_unknown":
        return "; LIKENESS_PACKS names what is served, for the API and for workers: restart them after a change"
    return ""
