"""`report.html`: the report for people, in one file that needs no other and asks the network for nothing."""

from functools import cache
from pathlib import Path
from string import Template

from evaluator.report import listings, sections
from evaluator.report.document import Json, score_digest
from evaluator.report.markup import BREAK, Html, element, html, join, paragraph
from evaluator.report.scores import ScoreTable
from evaluator.report.wording import number, several

FOLDER = Path(__file__).parent


def build_page(report: Json, table: ScoreTable) -> str:
    """The page of a report and the score table it was made from. Raise ValueError when they do not belong together."""
    if report["score_digest"] != score_digest(table):
        raise ValueError("the report was made from another score table")
    parts = [
        ("errors", "Error curves", sections.curves(report, table)),
        ("scores", "Scores", sections.histograms(report, table)),
        ("points", "Operating points", sections.operating_points(report)),
        ("folds", "Folds", sections.folds(report)),
        ("groups", "Groups", sections.groups(report)),
        ("worst", "Worst pairs", listings.worst(report)),
        ("acquisition", "Failures to acquire", listings.acquisition(report)),
        ("published", "Published figures", listings.published(report)),
        ("support", "What the sample supports", listings.support(report)),
        ("provenance", "Provenance", listings.provenance(report)),
        ("recompute", "Recompute", listings.recompute(report)),
    ]
    shown = [part for part in parts if part[2]]
    links = [element("a", title, href=f"#{name}") for name, title, _ in shown]
    title = f"{report['pack']['name']} on {report['dataset']['name']}"
    template, style = _files()
    return template.substitute(
        title=html(f"{title}: evaluation report"),
        style=style,
        contents=join([element("a", "In short", href="#short"), *links]),
        header=_header(report, title),
        sections=join((element("section", element("h2", t), body, id=name) for name, t, body in shown), by="\n"),
    )


def _header(report: Json, title: str) -> Html:
    dataset = report["dataset"]
    folds = f" in {several(dataset['folds'], 'fold')}" if dataset["folds"] else ""
    lead = (
        f"{number(dataset['pairs'])} pairs{folds}, {number(dataset['mated'])} of them mated, of "
        f"{number(dataset['images'])} images; {report['pipeline']['how']}."
    )
    run = f"Run {report['run_id']}, {report['created_at'][:16].replace('T', ' ')} UTC."
    summary = paragraph(lead, BREAK, run, class_="lead")
    return join([element("h1", title, id="short"), summary, sections.headline(report)])


@cache
def _files() -> tuple[Template, str]:
    page, style = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.html", "page.css"))
    return Template(page), style
