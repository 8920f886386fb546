"""The index of runs: what each found, and a figure's history over versions; one page, and one CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from markupsafe import Markup

from evaluator.report.history_plots import Step, history_svg
from evaluator.report.templating import environment, policy, text_of

Json = dict[str, Any]
REFUSED = "insufficient_data"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a report: a share, and its interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class IndexedRun:
    """A run as the index shows it."""

    run_id: str
    #: ISO 8601, UTC.
    created_at: str
    #: Runs with the same are one history: data set, its digest, pack, policy, flip.
    series: tuple[str, str, str, str, bool]
    version: str
    #: By name; None where it was refused.
    figures: dict[str, Figure | None]
    ms_per_image: float | None
    #: What differs from the run before in its history.
    changed: tuple[str, ...] = ()


def build_index(reports: Sequence[Json], *, link: tuple[str, str] = ("", "/report.html")) -> str:
    """The page. Reports of several data sets and packs may be given in any order.

    `link`: what stands before and after a run's id in the link to its report.
    """
    style = text_of("page.css")
    return (
        environment()
        .get_template("index.html")
        .render(
            histories=[_History.of(runs) for runs in _series(reports)], style=style, policy=policy(style), link=link
        )
    )


def index_document(reports: Sequence[Json]) -> Json:
    """The same as plain data: the runs of each history, the newest first."""
    return {"histories": [_told(runs) for runs in _series(reports)]}


def indexed_part(report: Json) -> Json:
    """What an index needs of a report, a hundredth of it: there may be hundreds."""
    whole = ("run_id", "created_at", "dataset", "pack", "pipeline", "engine", "software", "cost", "score_digest")
    metrics = {name: report["metrics"][name] for name in ("accuracy_10fold", "eer", "at_threshold", "fta")}
    return {name: report[name] for name in whole if name in report} | {"metrics": metrics}


def index_csv(reports: Sequence[Json]) -> bytes:
    """The same figures, a row a run and figure."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("run", "created_at", "dataset", "dataset_digest", "pack", "policy", "flip", "version", *FIGURE))
    for run in (run for runs in _series(reports) for run in runs):
        *series, flip = run.series
        for name, figure in run.figures.items():
            found = ("", "", "") if figure is None else (figure.value, figure.low, figure.high)
            values = ("" if value is None else value for value in found)
            writer.writerow((run.run_id, run.created_at, *series, int(flip), run.version, name, *values))
    return text.getvalue().encode()


FIGURE = ("figure", "value", "low", "high")


def _told(runs: Sequence[IndexedRun]) -> Json:
    dataset, digest, pack, policy_, flip = runs[0].series
    return {
        **{"dataset": dataset, "dataset_digest": digest, "pack": pack, "policy": policy_, "flip": flip},
        "runs": [
            {
                **{"id": run.run_id, "created_at": run.created_at, "version": run.version},
                "figures": {name: figure and asdict(figure) for name, figure in run.figures.items()},
                **{"ms_per_image": run.ms_per_image, "changed": list(run.changed)},
            }
            for run in reversed(runs)
        ],
    }


@dataclass(frozen=True, slots=True)
class _History:
    title: str
    #: Newest first.
    runs: tuple[IndexedRun, ...]
    plots: tuple[tuple[str, Markup], ...]

    @classmethod
    def of(cls, runs: Sequence[IndexedRun]) -> "_History":
        dataset, digest, pack, policy_, flip = runs[0].series
        title = f"{pack} on {dataset}, {policy_}{', flip' if flip else ''}"
        drawn = (
            []
            if len(runs) < 2
            else [_plot(f"{digest[:12]}-{pack}-{policy_}-{flip}", name, runs) for name in runs[0].figures]
        )
        return cls(title, tuple(reversed(runs)), tuple((name, svg) for name, svg in drawn if svg is not None))


def _plot(series: str, name: str, runs: Sequence[IndexedRun]) -> tuple[str, Markup | None]:
    steps = [
        Step(run.version, figure.value, figure.low, figure.high)
        for run in runs
        if (figure := run.figures[name]) is not None
    ]
    if len(steps) < 2:
        return name, None
    return name, Markup(history_svg(f"{series}-{name}", name, steps))  # noqa: S704 -- matplotlib escapes its texts


def _series(reports: Sequence[Json]) -> Iterator[tuple[IndexedRun, ...]]:
    """The runs of each history, oldest first; histories by data set and pack."""
    ordered = sorted(
        ((_indexed(report), report) for report in reports), key=lambda r: (r[0].series, r[0].created_at, r[0].run_id)
    )
    for _, history in groupby(ordered, key=lambda run: run[0].series):
        runs: list[IndexedRun] = []
        before: Json | None = None
        for run, report in history:
            changed = () if before is None else tuple(_changes(before, report))
            runs.append(
                IndexedRun(run.run_id, run.created_at, run.series, run.version, run.figures, run.ms_per_image, changed)
            )
            before = report
        yield tuple(runs)


def _indexed(report: Json) -> IndexedRun:
    metrics, dataset, pipeline = report["metrics"], report["dataset"], report["pipeline"]
    cost = report.get("cost", {}).get("ms_per_image")
    return IndexedRun(
        run_id=report["run_id"],
        created_at=report["created_at"],
        series=(dataset["name"], dataset["digest"], report["pack"]["name"], pipeline["policy"], pipeline["flip"]),
        version=report["software"].get("likeness", ""),
        figures={
            "accuracy": _accuracy(metrics["accuracy_10fold"]),
            "EER": None if REFUSED in metrics["eer"] else Figure(metrics["eer"]["value"]),
            "FMR": _rate(metrics["at_threshold"]["fmr"]),
            "FNMR": _rate(metrics["at_threshold"]["fnmr"]),
            "FTA": _rate(metrics["fta"]["image_rate"]),
        },
        ms_per_image=cost if isinstance(cost, float | int) else None,
    )


def _accuracy(accuracy: Json) -> Figure | None:
    if REFUSED in accuracy:
        return None
    return Figure(accuracy["mean"], 1 - accuracy["error"]["high"], 1 - accuracy["error"]["low"])


def _rate(rate: Json) -> Figure | None:
    return None if REFUSED in rate else Figure(rate["value"], rate["low"], rate["high"])


def _changes(before: Json, after: Json) -> Iterator[str]:
    """What a difference of figures may come from."""
    if before["pack"]["digest"] != after["pack"]["digest"]:
        yield "pack"
    if before["pack"]["threshold"]["value"] != after["pack"]["threshold"]["value"]:
        yield f"threshold {before['pack']['threshold']['value']:g} → {after['pack']['threshold']['value']:g}"
    for part in ("pipeline", "engine", "software"):
        for name in sorted(before[part].keys() | after[part].keys()):
            was, now = before[part].get(name), after[part].get(name)
            if was != now and name not in ("how", "pack_digest"):
                yield f"{name} {was} → {now}"
    if before["score_digest"] == after["score_digest"]:
        yield "scores are the same"
