"""The numbers behind every plot, as CSV files that anyone can draw again."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from evaluator.metrics import InsufficientData, Scores, error_curve
from evaluator.report.document import Json
from evaluator.report.grouping import scores_by_group
from evaluator.report.plots import score_edges, seen_corners
from evaluator.report.plotted import REFUSED, swept_for
from evaluator.report.scores import ScoreTable

RATE = ("errors", "trials", "value", "low", "high")


def plot_data(report: Json, table: ScoreTable) -> dict[str, bytes]:
    """A file's name to its content; a plot that could not be drawn has none."""
    files = (
        *(("curve", _curve(table)), ("thresholds", _thresholds(report, table)), ("histogram", _histogram(table))),
        *(("folds", _folds(report)), ("groups", _groups(table)), ("group_fmr", _group_fmr(report))),
        *(("discard", _discard(report)), ("quality", _quality(report))),
    )
    return {f"{name}.csv": _written(*rows) for name, rows in files if rows}


Rows = tuple[Sequence[str], Iterable[Sequence[object]]] | None


def _curve(table: ScoreTable) -> Rows:
    """Of ROC and DET: without the points inside level and upright runs."""
    whole = error_curve(table.score_set.mated_scores, table.score_set.non_mated_scores)
    if isinstance(whole, InsufficientData):
        return None
    curve = seen_corners(whole)
    bands = curve.bands()
    columns = {
        **{"threshold": curve.thresholds, "false_matches": curve.false_matches, "fmr": curve.fmr},
        **{"fmr_low": bands.fmr_low, "fmr_high": bands.fmr_high, "false_non_matches": curve.false_non_matches},
        **{"fnmr": curve.fnmr, "fnmr_low": bands.fnmr_low, "fnmr_high": bands.fnmr_high},
    }
    return tuple(columns), zip(*(column.tolist() for column in columns.values()), strict=True)


def _thresholds(report: Json, table: ScoreTable) -> Rows:
    """Of both rates by threshold, and of the picker."""
    swept = swept_for(report, table)
    if swept is None:
        return None
    columns = {
        **{"threshold": swept.thresholds, "false_matches": swept.false_matches, "fmr": swept.fmr},
        **{"fmr_low": swept.fmr_low, "fmr_high": swept.fmr_high, "fmr_upper": swept.fmr_upper},
        **{"false_non_matches": swept.false_non_matches, "fnmr": swept.fnmr},
        **{"fnmr_low": swept.fnmr_low, "fnmr_high": swept.fnmr_high},
    }
    return tuple(columns), zip(*(column.tolist() for column in columns.values()), strict=True)


def _histogram(table: ScoreTable) -> Rows:
    scores = table.score_set
    if not scores.acquired.any():
        return None
    edges = score_edges(np.concatenate([scores.mated_scores, scores.non_mated_scores]))
    return ("bin_low", "bin_high", "non_mated", "mated"), _bins(edges, scores.non_mated_scores, scores.mated_scores)


def _folds(report: Json) -> Rows:
    accuracy = report["metrics"]["accuracy_10fold"]
    if REFUSED in accuracy:
        return None
    names = ("fold", "threshold", "accuracy", "mated_errors", "non_mated_errors", "trials")
    return names, ([fold[name] for name in names] for fold in accuracy["folds"])


def _groups(table: ScoreTable) -> Rows:
    groups = {label: pair for label, pair in scores_by_group(table).items() if pair[0].size + pair[1].size}
    if not groups:
        return None
    edges = score_edges(np.concatenate([scores for pair in groups.values() for scores in pair]))
    rows = ((label, *line) for label, (mated, non_mated) in groups.items() for line in _bins(edges, non_mated, mated))
    return ("group", "bin_low", "bin_high", "non_mated", "mated"), rows


def _group_fmr(report: Json) -> Rows:
    known = {name: m for name, m in report["metrics"].get("group_fmr", {}).items() if REFUSED not in m}
    rows = [
        (name, cell["one"], cell["other"], *(cell["fmr"].get(key, "") for key in (*RATE, REFUSED)))
        for name, matrix in known.items()
        for cell in matrix["cells"]
    ]
    return (("group", "one", "other", *RATE, REFUSED), rows) if rows else None


def _discard(report: Json) -> Rows:
    curves = report["metrics"].get("quality", {}).get("discard", {})
    names = ("discarded", "errors", "trials", "fnmr", "low", "high")
    rows = [
        (measure, *values)
        for measure, curve in curves.items()
        if REFUSED not in curve
        for values in zip(*(curve[name] for name in names), strict=True)
    ]
    return (("measure", *names), rows) if rows else None


def _quality(report: Json) -> Rows:
    bins = report["metrics"].get("quality", {}).get("bins", {})
    names = [f"{rate}_{key}" for rate in ("fmr", "fnmr") for key in RATE]
    rows = [
        (
            measure,
            *(b[end] for end in ("low", "high")),
            *(b[rate].get(key, "") for rate in ("fmr", "fnmr") for key in RATE),
        )
        for measure, found in bins.items()
        for b in found
    ]
    return (("measure", "low", "high", *names), rows) if rows else None


def _bins(edges: Scores, non_mated: Scores, mated: Scores) -> Iterator[tuple[float | int, ...]]:
    counts = [np.histogram(scores, edges)[0].tolist() for scores in (non_mated, mated)]
    return zip(edges[:-1].tolist(), edges[1:].tolist(), *counts, strict=True)


def _written(names: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(["" if value is None else value for value in row] for row in rows)
    return text.getvalue().encode()
