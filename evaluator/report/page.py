"""`report.html`: the report for people, in one file that needs no other and asks the network for nothing."""

from dataclasses import dataclass

from evaluator.report.document import Json, score_digest
from evaluator.report.pictures import draw
from evaluator.report.scores import ScoreTable
from evaluator.report.templating import environment, text_of


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page."""

    #: Of its template, and its anchor.
    name: str
    title: str


SECTIONS = (
    Section("errors", "Error curves"),
    Section("scores", "Scores"),
    Section("points", "Operating points"),
    Section("folds", "Folds"),
    Section("groups", "Groups"),
    Section("worst", "Worst pairs"),
    Section("acquisition", "Failures to acquire"),
    Section("published", "Published figures"),
    Section("support", "What the sample supports"),
    Section("provenance", "Provenance"),
    Section("recompute", "Recompute"),
)


def build_page(report: Json, table: ScoreTable) -> str:
    """The page of a report and the score table it was made from. Raise ValueError when they do not belong together."""
    if report["score_digest"] != score_digest(table):
        raise ValueError("the report was made from another score table")
    absent = {"groups"} if "insufficient_data" in report["metrics"]["groups"] else set()
    return (
        environment()
        .get_template("page.html")
        .render(
            title=f"{report['pack']['name']} on {report['dataset']['name']}",
            report=report,
            metrics=report["metrics"],
            plots=draw(report, table),
            sections=[section for section in SECTIONS if section.name not in absent],
            style=text_of("page.css"),
        )
    )
