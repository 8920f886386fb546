"""What is asked first: the ratio to the engine alone, what was aimed at, and what this run did not measure."""

from bench.report.markdown import Lines, paragraph, table
from bench.report.measurements import WAYS, Json
from bench.report.wording import GROUPS, VERDICTS, name_of, ratio_name
from evaluator.report.wording import listed


def answer(bench: Json) -> Lines:
    """Before every other section, whatever was measured."""
    targets, ratios = bench.get("targets") or [], bench.get("ratios") or {}
    lines: Lines = []
    if "api_to_engine" in ratios:
        lines += paragraph(
            f"Through the API busy clients get **{ratios['api_to_engine']:.2f}** of the comparisons a second that the "
            "engine makes alone, on the same cores in the same run. One run on one machine; ratios move less from one "
            "to another than the other figures, and they too depend on the processor and the photographs."
        )
    if targets:
        rows = [[t["name"], t["target"], t["found"], VERDICTS[t["met"]]] for t in targets]
        lines += table(["target", "asked", "found", ""], rows)
        missed = [f"{t['name']} ({t['found']}, asked {t['target']})" for t in targets if t["met"] is False]
        lines += paragraph(f"**Not met:** {'; '.join(missed)}." if missed else "No target was missed.")
    if ratios:
        lines += table(["ratio", "found>"], [[ratio_name(key), f"{ratios[key]:.2f}"] for key in ratios])
    if missing := _missing(bench):
        lines += paragraph(f"Not measured in this run, and left out below: {listed(missing)}.")
    return lines


def _missing(bench: Json) -> list[str]:
    absent_groups = [words for group, words in GROUPS.items() if not bench.get(group)]
    for group, ways in (("comparisons", WAYS), ("offered", ("api", "sync"))):
        absent = [name_of(way) for way in ways if not bench[group].get(way)] if bench.get(group) else []
        if absent:
            absent_groups.append(f"{GROUPS[group]} of {listed(absent)}")
    for part, words in (("cpu_ms_per_job", "the CPU time of a job"), ("wall_ms", "the wall time of a job")):
        if bench.get("budget") and not bench["budget"].get(part):
            absent_groups.append(words)
    return absent_groups
