"""More of everything: workers, jobs that wait, and hours."""

from statistics import linear_regression

from bench.report.amounts import amount, signed, size
from bench.report.markdown import Lines, image, paragraph, table
from bench.report.measurements import Json, memory_samples
from bench.report.wording import name_of
from evaluator.report.wording import several


def workers(bench: Json) -> Lines:
    """What another worker on the same cores brings."""
    points = bench.get("workers") or []
    if not points:
        return []
    rows = [[str(point["workers"]), amount(point["per_s"])] for point in points]
    lines = ["## More workers", "", *table(["workers>", "comparisons/s>"], rows)]
    first, last = points[0], points[-1]
    if last["workers"] > first["workers"]:
        gain = last["per_s"] / first["per_s"]
        if gain < 0.97:
            sentence = "More workers on the same cores are slower: they only get in each other's way."
        elif gain < 1.15:
            sentence = "The first worker fills the cores already; another one pays where it has a device of its own."
        else:
            sentence = "More workers on the same cores do more: one alone leaves some of them idle."
        lines += paragraph(sentence)
    return lines


def late_slopes_mb_per_h(soak: Json) -> dict[str, float]:
    """By process, of the second half alone: by then its threads have the memory they keep."""
    rss = soak["rss"]
    late = [at for at in rss if at["at_s"] >= rss[-1]["at_s"] / 2]
    hours = [at["at_s"] / 3600 for at in late]
    keys = {process: f"{'s3' if process == 'object store' else process}_mb" for process in soak["slope_mb_per_h"]}
    return {process: linear_regression(hours, [at[key] for at in late]).slope for process, key in keys.items()}


def memory(bench: Json) -> Lines:
    """What a job takes of Redis's memory, and whether a process takes more and more."""
    queue, soak = bench.get("queue") or {}, bench.get("soak") or {}
    if not queue and not soak:
        return []
    lines = ["## A long queue, and memory", ""]
    if memory_samples(bench):
        lines += image("memory")
    if full := bench.get("full_run"):
        lines += paragraph(f"From the last full run: code {full['code']}, {full['taken_at']}.")
    if queue:
        engine = " with the sleeping engine" if queue.get("engine") == "sleeping" else ""
        queued, ended = (size(queue[f"redis_bytes_per_job_{state}"]) for state in ("queued", "ended"))
        lines += paragraph(
            f"{several(queue['jobs'], 'job')}{engine}: submitted at {amount(queue['submit_per_s'])}/s, ended at "
            f"{amount(queue['drain_per_s'])}/s. Of Redis's memory a queued job takes {queued}, one that has ended "
            f"{ended}."
        )
    if soak:
        lines += paragraph(
            f"Soak: {several(soak['jobs'], 'job')} in {amount(soak['minutes'])} minutes. A line fitted to the memory:"
        )
        late = late_slopes_mb_per_h(soak)
        rows = [[name_of(of), signed(slope), signed(late[of])] for of, slope in soak["slope_mb_per_h"].items()]
        lines += table(["process", "MB an hour>", "in the second half>"], rows)
        if queue:
            kept = soak["jobs"] * 60 / soak["minutes"] * queue["redis_bytes_per_job_ended"]
            lines += paragraph(
                f"Redis keeps the records of ended jobs until their retention is over (`LIKENESS_JOB_RETENTION_S`): by "
                f"the jobs of this soak and the bytes above {size(kept)} an hour."
            )
    return lines
