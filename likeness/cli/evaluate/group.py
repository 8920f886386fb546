"""The `evaluate` commands: `celery -A evaluator.app evaluate ...`, and the same verbs in `likeness evaluate ...`."""

from typing import Any

import click

from core.errors import LikenessError
from likeness.cli.evaluate import comparing, datasets, overview, pad, results, runs, transferring
from likeness.cli.outages import told
from likeness.cli.refusals import Refused
from likeness.cli.sections import SectionedGroup


class EvaluateGroup(SectionedGroup):
    """Prints a failure we have a name for as one sentence, under Celery's command too."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except LikenessError as error:
            raise Refused(told(error)) from error


SECTIONS = {
    "Data sets": ("fetch", "import", "datasets"),
    "Runs": ("run", "watch", "list", "show", "cancel", "resume"),
    "What a run found": ("report", "index", "compare", "transfer", "calibrate", "recompute"),
    "Without a stack": ("pad",),
}


@click.group(
    cls=EvaluateGroup,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def evaluate() -> None:
    """Run LFW, CALFW, CPLFW, CFP or your own benchmark on the workers, and report.

    \b
    On a fresh machine:          evaluate import sample && evaluate run sample --wait
    With the LFW archive:        evaluate import lfw --archive lfw-deepfunneled.tgz --pairs pairs.txt
                                 evaluate run lfw --policy most_central --wait
    Liveness, on images of your own: evaluate pad images.csv  (in this process; needs no stack)
    The stack must be up (`likeness up`), or LIKENESS_REDIS_URL and LIKENESS_S3_ENDPOINT must name it.
    """


for command in (
    *(datasets.import_, datasets.fetch, datasets.datasets),
    *(runs.run, runs.resume, runs.watch, runs.list_, runs.show, runs.cancel, runs.erase),
    *(results.report, results.recompute, results.calibrate),
    *(comparing.compare, transferring.transfer, overview.index, pad.pad),
):
    evaluate.add_command(command)
