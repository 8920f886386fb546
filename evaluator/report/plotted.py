"""Which plots the page of a report has, drawn from the report and its scores."""

from dataclasses import dataclass

from markupsafe import Markup

from evaluator.metrics import InsufficientData, error_curve
from evaluator.report import group_plots, plots, quality_plots, threshold_plots
from evaluator.report.document import Json
from evaluator.report.grouping import scores_by_group
from evaluator.report.quality import NAMES
from evaluator.report.scores import ScoreTable
from evaluator.report.sweep import Sweep, sweep
from evaluator.report.wording import percent

REFUSED = "insufficient_data"


@dataclass(frozen=True, slots=True)
class Plots:
    """Each is SVG, or None where there is nothing to draw."""

    roc: Markup | None
    det: Markup | None
    rates: Markup | None
    histogram: Markup | None
    histogram_log: Markup | None
    folds: Markup | None
    groups: Markup | None
    #: A measure's name for people and its plot; none where nearly all images have the same.
    discard: tuple[tuple[str, Markup], ...]
    #: Why there are no curves; empty where there are.
    refused: str = ""


def swept_for(report: Json, table: ScoreTable) -> Sweep | None:
    """What the threshold picker steps through: the thresholds that the page names are among them."""
    points = [report["metrics"]["at_threshold"], *report["metrics"]["fnmr_at_fmr"]]
    swept = sweep(table.score_set, [point["threshold"] for point in points if REFUSED not in point])
    return None if isinstance(swept, InsufficientData) else swept


def draw(report: Json, table: ScoreTable, swept: Sweep | None) -> Plots:
    """Every plot of the page."""
    roc = det = None
    curve = error_curve(table.score_set.mated_scores, table.score_set.non_mated_scores)
    if not isinstance(curve, InsufficientData):
        marks = _marks(report)
        roc, det = _svg(plots.roc_svg(curve, marks)), _svg(plots.det_svg(curve, marks))
    return Plots(
        roc=roc,
        det=det,
        rates=_svg(threshold_plots.rates_svg(swept, _lines(report))) if swept else None,
        histogram=_histogram(report, table, log=False),
        histogram_log=_histogram(report, table, log=True),
        folds=_folds(report["metrics"]["accuracy_10fold"]),
        groups=_groups(report, table),
        discard=_discard(report["metrics"].get("quality", {})),
        refused=curve.reason if isinstance(curve, InsufficientData) else "",
    )


def _marks(report: Json) -> list[plots.Mark]:
    """The operating points that both rates can be given of."""
    metrics = report["metrics"]
    targeted = [point for point in metrics["fnmr_at_fmr"] if REFUSED not in point]
    marks = [plots.Mark(f"FMR ≤ {percent(p['target'])}", p["fmr"]["value"], p["fnmr"]["value"]) for p in targeted]
    decided = metrics["at_threshold"]
    name = f"threshold {decided['threshold']:g}"
    return [*marks, plots.Mark(name, decided["fmr"]["value"], decided["fnmr"]["value"], chosen=True)]


def _histogram(report: Json, table: ScoreTable, *, log: bool) -> Markup | None:
    rows = table.score_set
    if not rows.acquired.any():
        return None
    return _svg(plots.histogram_svg(rows.mated_scores, rows.non_mated_scores, _lines(report), log=log))


def _lines(report: Json) -> list[tuple[str, float]]:
    pack, worst = report["pack"]["threshold"]["value"], report["worst"]
    lines = [(f"pack {pack:g}", pack)]
    if REFUSED not in report["metrics"]["accuracy_10fold"]:
        lines.append((f"10-fold mean {worst['threshold']:.3f}", worst["threshold"]))
    return lines


def _groups(report: Json, table: ScoreTable) -> Markup | None:
    groups = scores_by_group(table)
    if not any(mated.size + non_mated.size for mated, non_mated in groups.values()):
        return None
    return _svg(group_plots.distributions_svg(groups, report["pack"]["threshold"]["value"]))


def _discard(quality: Json) -> tuple[tuple[str, Markup], ...]:
    known = {name: curve for name, curve in quality.get("discard", {}).items() if REFUSED not in curve}
    curves = {name: curve for name, curve in known.items() if any(curve["discarded"])}
    highest = max((max(curve["high"][:-1]) for curve in curves.values()), default=0.0)
    return tuple((NAMES[name], _svg(quality_plots.discard_svg(name, curve, highest))) for name, curve in curves.items())


def _folds(accuracy: Json) -> Markup | None:
    if REFUSED in accuracy:
        return None
    error = accuracy["error"]
    dots = [(fold["fold"], fold["accuracy"]) for fold in accuracy["folds"]]
    return _svg(plots.folds_svg(dots, accuracy["mean"], (1 - error["high"], 1 - error["low"])))


def _svg(drawn: str) -> Markup:
    """What matplotlib wrote has escaped its own texts."""
    return Markup(drawn)  # noqa: S704
