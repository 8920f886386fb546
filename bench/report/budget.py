"""Where a job's time goes: CPU by the part that takes it, wall time by the step that it is spent in."""

from collections.abc import Mapping

from bench.report.amounts import amount, counts, share, size
from bench.report.markdown import Lines, image, paragraph, table
from bench.report.measurements import Json, wall_ms
from bench.report.wording import LIBRARIES, PARTS, STEPS, part_name
from evaluator.report.wording import listed


def budget(bench: Json) -> Lines:
    """Both tables, and what each of them comes to."""
    measured = bench.get("budget") or {}
    cpu, wall = measured.get("cpu_ms_per_job") or {}, wall_ms(measured)
    if not cpu and not wall:
        return []
    lines = ["## Where a job's time goes", "", *image("budget")]
    if cpu:
        lines += _cpu(cpu, bench)
    if profile := bench.get("profile"):
        lines += _profile(profile)
    if wall:
        lines += _wall(wall)
    return [*lines, *paragraph("What was tried on the parts around the engine: [around.md](performance/around.md).")]


def _cpu(cpu: Mapping[str, float], bench: Json) -> Lines:
    total = sum(cpu.values())
    rows = [[part_name(part), amount(ms), share(ms, total), _why(part, bench)] for part, ms in cpu.items()]
    rows.append(["**all**", f"**{amount(total)}**", "", ""])
    lines = table(["part", "CPU ms a job>", "of all>", "why"], rows)
    if "engine" in cpu and total:
        text = (
            "All parts share the cores. Where these are what is short, the service can reach "
            f"{share(cpu['engine'], total)} of the engine alone: the engine's part of the budget."
        )
        if beside := {part: ms for part, ms in cpu.items() if part != "engine"}:
            text += f" The dearest part beside it is *{part_name(max(beside, key=lambda part: beside[part]))}*."
        if steps := bench["budget"].get("engine_steps_ms"):
            named = listed([f"{step} {amount(ms)}" for step, ms in steps.items()])
            text += f" A comparison in the engine, on one of the busy cores, in ms: {named}."
        if "worker beside the engine" in cpu:
            text += " The engine's own are all cores over its throughput alone; what more a worker takes is beside it."
        lines += paragraph(text)
    return lines


def _profile(profile: Mapping[str, Mapping[str, float]]) -> Lines:
    libraries = list(dict.fromkeys(library for held in profile.values() for library in held))
    rows = [
        [library, *(amount(held[library]) if library in held else "" for held in profile.values()), LIBRARIES[library]]
        for library in libraries
    ]
    totals = [f"**{amount(sum(held.values()))}**" for held in profile.values()]
    return [
        *paragraph(
            "What Python does while it holds the interpreter, in ms a job, by the library it is in. py-spy samples it, "
            "and makes it slower: the shares are what counts. Models, hashes, and the kernel's copies of the bytes do "
            "without it:"
        ),
        *table(["", *(f"{part_name(part)}>" for part in profile), "what"], [*rows, ["**all**", *totals, ""]]),
    ]


def _wall(wall: Mapping[str, float]) -> Lines:
    longest = max(wall, key=lambda step: wall[step])
    return [
        *paragraph(
            "One comparison after the other on an idle stack. The engine works on both photographs at once there; "
            "its steps have their share of its time. Means:"
        ),
        *table(["step", "ms>", "what happens"], [[step, amount(ms), STEPS[step]] for step, ms in wall.items()]),
        *paragraph(f"The longest step is *{longest}*."),
    ]


def _why(part: str, bench: Json) -> str:
    """A sentence, and the counts that were measured."""
    measured, sentences = bench["budget"], [PARTS.get(part, "")]
    cpu = measured["cpu_ms_per_job"]
    if part == "object store":
        if calls := measured.get("s3_calls_per_job"):
            sentences.append(f"Calls a job: {counts(calls)}.")
        if photographs := bench.get("photographs"):
            sentences.append(f"{size(photographs['mean_pair_bytes'])} go in and come out over HTTP.")
        if cpu["object store"] > cpu.get("api", float("inf")):
            sentences.append("It costs more than the API that talks to it.")
    if part == "redis":
        if sent := measured.get("redis_sent_per_job"):
            sentences.append(f"Sent to it for a job: {amount(sent)} commands, scripts among them.")
        if commands := measured.get("redis_commands_per_job"):
            named = f" ({counts(measured['redis_commands'])})" if measured.get("redis_commands") else ""
            said = counts(commands) if isinstance(commands, Mapping) else f"{amount(commands)}{named}"
            sentences.append(f"Commands it runs for a job, those within scripts too: {said}.")
        if (bench.get("settings") or {}).get("redis_fsync") == "always":
            sentences.append("Each write is synced to the disk before it is answered, which is waiting and not CPU.")
    return " ".join(sentence for sentence in sentences if sentence)
