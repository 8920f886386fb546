"""The `evaluate` commands: `celery -A evaluator.app evaluate ...`, and the same verbs in `likeness evaluate ...`."""

from collections.abc import MutableMapping
from typing import Any

import click

from core.errors import LikenessError
from likeness.cli.outages import told
from likeness.cli.refusals import Refused
from likeness.cli.sections import SectionedGroup


class EvaluateGroup(SectionedGroup):
    """Prints a failure we have a name for as one sentence, under Celery's command too.

    Every Celery process loads this group, as one of Celery's commands; what the verbs stand on, numpy among it, would
    cost each of them 18 MB and 0.2 s of a core.
    """

    _verbs: MutableMapping[str, click.Command] | None = None

    @property
    def commands(self) -> MutableMapping[str, click.Command]:
        """By name; imported when somebody looks."""
        if self._verbs is None:
            from likeness.cli.evaluate.verbs import VERBS

            self._verbs = {str(verb.name): verb for verb in VERBS}
        return self._verbs

    @commands.setter
    def commands(self, none: MutableMapping[str, click.Command]) -> None:
        """Click begins a group with an empty one."""

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
