"""`report.html`: the report for people, in one file that needs no other and asks the network for nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from evaluator.report.document import Json, score_digest
from evaluator.report.plotted import REFUSED, draw, swept_for
from evaluator.report.scores import ScoreTable
from evaluator.report.templating import environment, policy, text_of


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page."""

    #: Of its template, and its anchor.
    name: str
    title: str


SECTIONS = (
    Section("picker", "Choosing a threshold"),
    Section("errors", "Error curves"),
    Section("scores", "Scores"),
    Section("points", "Operating points"),
    Section("folds", "Folds"),
    Section("groups", "Groups"),
    Section("quality", "Image quality"),
    Section("worst", "Worst pairs"),
    Section("acquisition", "Failures to acquire"),
    Section("published", "Published figures"),
    Section("support", "What the sample supports"),
    Section("provenance", "Provenance"),
    Section("recompute", "Recompute"),
)


def build_page(report: Json, table: ScoreTable, thumbnails: Mapping[str, str] | None = None) -> str:
    """The page of a report and the score table it was made from.

    With `thumbnails`, an image's id to a data URI, the worst pairs are shown; such a page is for whoever asked for it,
    and is not stored. Raise ValueError when report and table do not belong together.
    """
    if report["score_digest"] != score_digest(table):
        raise ValueError("the report was made from another score table")
    style, script = text_of("page.css"), text_of("page.js")
    swept = swept_for(report, table)
    absent = {name for name in ("groups", "quality") if REFUSED in report["metrics"].get(name, REFUSED)}
    return (
        environment()
        .get_template("page.html")
        .render(
            title=f"{report['pack']['name']} on {report['dataset']['name']}",
            report=report,
            metrics=report["metrics"],
            plots=draw(report, table, swept),
            sweep=swept,
            sections=[section for section in SECTIONS if section.name not in absent],
            thumbnails=thumbnails,
            style=style,
            script=script if swept else "",
            policy=policy(style, script),
        )
    )
