"""An evaluation run beside the engine alone, and in company of comparisons."""

from bench.report.amounts import amount
from bench.report.markdown import Lines, paragraph
from bench.report.measurements import Json
from evaluator.report.wording import listed, percent, several


def evaluation(bench: Json) -> Lines:
    """How long a run takes, whether two workers give the same scores, and what comparisons feel of it."""
    run, mixed = bench.get("evaluation") or {}, bench.get("mixed") or {}
    if not run and not mixed:
        return []
    lines = ["## Evaluation runs", ""]
    if run:
        workers = listed([str(count) for count in run["workers"]])
        same = "is byte-identical" if run["score_file_identical"] else "**is not identical**"
        text = (
            f"{several(run['pairs'], 'pair')} of `{run['dataset']}`, {several(run['images'], 'image')}: "
            f"{amount(run['run_s'])} s from the request to the stored report; the engine alone takes "
            f"{amount(run['engine_s'])} s for the same images. `scores.csv` {same} with {workers} workers."
        )
        if run.get("cached_s") is not None:
            text += f" Once more, from the cache: {amount(run['cached_s'])} s."
        if run.get("accuracy") is not None:
            deviation = f" +- {100 * run['accuracy_std']:.2f}" if run.get("accuracy_std") is not None else ""
            text += f" Accuracy {percent(run['accuracy'], 2)}{deviation}, by the folds of the protocol."
        if reason := (bench.get("missing") or {}).get("lfw"):
            text += f" Not LFW: {reason}."
        lines += paragraph(text)
    if mixed:
        lines += paragraph(
            f"Comparisons come first. While a run was in flight, {amount(mixed['comparisons_per_s'])} comparisons/s "
            f"had a p95 of {amount(mixed['busy_p95_ms'])} ms in the worst 3 seconds, at rest "
            f"{amount(mixed['idle_p95_ms'])} ms; the run, on two workers then, took {mixed['evaluation_slowdown']:.2f} "
            "times as long as alone on one."
        )
    return lines
