"""The page of a comparison: one file that needs no other, no script, and asks the network for nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from evaluator.metrics import ErrorCurve, InsufficientData, Rate, error_curve, operating_point
from evaluator.report import comparison_text as text
from evaluator.report.comparison_plots import dets_svg, scatter_svg
from evaluator.report.finished import FinishedRun
from evaluator.report.questions import AT_FMR, OWN, SAME_FMR
from evaluator.report.templating import environment, policy, text_of
from evaluator.report.wording import several

Json = dict[str, Any]

SECTIONS = (
    ("short", "In short"),
    ("tests", "Tests"),
    ("curves", "Error curves"),
    ("scores", "Scores and disagreements"),
    ("cost", "Cost"),
    ("provenance", "Provenance"),
)
#: Characters of a pack's name that the legend of a plot has room for.
LONGEST_NAME = 32
WHERE = {
    OWN: "each at its own threshold",
    SAME_FMR: "with as many false matches as A has at its threshold",
    AT_FMR: "at the FMR that was asked for",
}


@dataclass(frozen=True, slots=True)
class Plots:
    """SVG; None where there is nothing to draw."""

    dets: Markup | None
    #: In the order of the disagreements.
    scatters: tuple[Markup, ...]
    #: Why there are no curves; empty where there are.
    refused: str = ""


def build_comparison_page(found: Json, runs: Sequence[FinishedRun]) -> str:
    """The page of what `compare_runs` found, and the runs it was found of, in the same order."""
    style = text_of("page.css") + text_of("sheet.css")
    others = " and ".join(run.pack for run in runs[1:])
    return (
        environment()
        .get_template("comparison.html")
        .render(
            title=f"{others} against {runs[0].pack}, on {runs[0].dataset}",
            found=found,
            at=_thresholds(found),
            tests=[_shown(test) for test in found["tests"]],
            verdicts=text.verdicts(found),
            how=text.how(found),
            reaches=[said for test in found["tests"] if (said := text.reach(test))],
            plots=_plots(found, runs),
            costs=[_cost(run.cost, run.pipeline.provider) for run in runs],
            where=WHERE,
            sections=SECTIONS,
            style=style,
            policy=policy(style, ""),
        )
    )


def _thresholds(found: Json) -> list[float | None]:
    """Where each run decides: its own threshold, or the one for the FMR that was asked for."""
    if found["at_fmr"] is None:
        return [run["threshold"] for run in found["runs"]]
    return [found["tests"][0]["thresholds"][0], *(test["thresholds"][1] for test in found["tests"])]


def _shown(test: Json) -> Json:
    points, _, interval = text.difference(test).partition(" (")
    outcome = "more errors" if test["worse"] else "fewer errors" if test["significant"] else "not significant"
    class_ = "worse" if test["worse"] else "better" if test["significant"] else "open"
    return test | {
        "question": text.question(test),
        "points": points,
        "range": interval.rstrip(")"),
        "p": text.p(test),
        "outcome": outcome,
        "class": class_,
    }


def _plots(found: Json, runs: Sequence[FinishedRun]) -> Plots:
    sets = [run.table.score_set for run in runs]
    labels = [run["label"] for run in found["runs"]]
    curves: list[tuple[str, ErrorCurve]] = []
    refused = ""
    for label, run, scores in zip(labels, runs, sets, strict=True):
        curve = error_curve(scores.mated_scores, scores.non_mated_scores)
        if isinstance(curve, InsufficientData):
            refused = curve.reason
        else:
            curves.append((_short(label, run.pack), curve))
    points = [
        operating_point(scores, at) for scores, at in zip(sets, _thresholds(found), strict=True) if at is not None
    ]
    decided = [(p.fmr.value, p.fnmr.value) for p in points if isinstance(p.fmr, Rate) and isinstance(p.fnmr, Rate)]
    scatters = [
        scatter_svg(
            f"scatter-{listed['run']}",
            ("A", listed["run"]),
            (sets[0], sets[labels.index(listed["run"])]),
            (listed["thresholds"][0], listed["thresholds"][1]),
        )
        for listed in found["disagreements"]
    ]
    dets = None if refused else _svg(dets_svg(curves, decided))
    return Plots(dets, tuple(map(_svg, scatters)), refused)


def _short(label: str, pack: str) -> str:
    """As it fits a legend; a dollar sign begins no formula."""
    name = pack if len(pack) <= LONGEST_NAME else f"{pack[: LONGEST_NAME - 1]}…"
    return f"{label}  {name}".replace("$", r"\$")


def _cost(cost: Mapping[str, Any], provider: str) -> Json:
    """As a report has it; None for what it does not know, as one that was made before there was any."""
    ms, size, images = cost.get("ms_per_image"), cost.get("pack_bytes"), cost.get("embedded_images")
    timed = isinstance(ms, int | float)
    return {
        "ms": f"{ms:.1f}" if timed else None,
        "on": ", ".join(
            [provider, *cost.get("machines", ()), *([several(images, "image")] if timed and images else [])]
        ),
        "mb": f"{size / 1e6:.1f}" if isinstance(size, int) else None,
        "dimension": cost.get("embedding_dimension"),
    }


def _svg(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 -- matplotlib escaped what we gave it
