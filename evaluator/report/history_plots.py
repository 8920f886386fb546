"""A figure over the runs of one history, small."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.report.inline import MATED, figure_of
from evaluator.report.wording import percent


@dataclass(frozen=True, slots=True)
class Step:
    """A run's figure."""

    #: The version that made it.
    label: str
    value: float
    low: float | None
    high: float | None


def history_svg(ids: str, name: str, steps: Sequence[Step]) -> str:
    """The figure by run, oldest left, with its interval; versions below (12 letters of them), where they change."""
    with figure_of(_plain(ids), f"{name} by run, oldest first", width=3.4, height=2.0) as (figure, drawn):
        axes = figure.subplots()
        places = range(len(steps))
        lows = [step.value if step.low is None else step.low for step in steps]
        highs = [step.value if step.high is None else step.high for step in steps]
        axes.vlines(places, lows, highs, color=MATED, alpha=0.35, linewidth=3)
        axes.plot(places, [step.value for step in steps], "o-", color=MATED, markersize=4, linewidth=1.2)
        changes = [i for i in places if i == 0 or steps[i].label != steps[i - 1].label]
        axes.set_xticks(changes, [steps[i].label[:12] for i in changes], parse_math=False)
        axes.set_xlim(-0.5, len(steps) - 0.5)
        axes.yaxis.get_major_locator().set_params(nbins=4)
        axes.yaxis.set_major_formatter(lambda share, _: percent(share))
        axes.set_title(name, loc="left")
    return drawn.getvalue()


def _plain(name: str) -> str:
    """Fit for an id."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)
