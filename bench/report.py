"""docs/performance.md and its plots, from the measurements in bench.json: no figure that is not in there.

`python -m bench.report` renders the stored measurements once more.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from bench import plots
from bench.plots import in_order, name_of
from core.settings import CHECKOUT, load_settings
from evaluator.report.wording import listed, number, percent, several

Json = Mapping[str, Any]
Lines = list[str]

FOLDER = "performance"
PLOTS = ("throughput", "latency", "budget", "simulation", "memory")
GROUPS = {
    "ratios": "the ratios",
    "targets": "the targets",
    "comparisons": "throughput under more and more clients",
    "offered": "latency under offered load",
    "idle": "the latency at rest",
    "accept": "how fast jobs are accepted",
    "budget": "where a job's time goes",
    "evaluation": "an evaluation run",
    "mixed": "comparisons while a run is in flight",
    "workers": "a second worker",
    "queue": "the long queue",
    "soak": "the soak",
    "simulation": "the simulation",
}
RATIOS = {
    "api_to_engine": "comparisons/s: through the API, to the engine alone",
    "small_api_to_engine": "comparisons/s: the same with small pictures",
    "worker_to_engine": "CPU of a comparison: the engine alone, to the whole worker that holds it",
    "api_to_sync": "comparisons/s: through the API, to the synchronous peer",
    "api_to_deepface": "comparisons/s: through the API, to a DeepFace loop",
    "evaluation_to_engine": "images/s: an evaluation run, to the engine alone",
}
PEERS = {
    "engine": "Likeness's own engine and pack, called by threads in one process; no service around it.",
    "api": "The whole of Likeness, from the upload to the terminal state, with `Prefer: wait`.",
    "sync": (
        "What everybody builds first: one FastAPI process that compares inside the request with InsightFace and the "
        "same weights. It keeps nothing, limits nothing, and what is in flight dies with it."
    ),
    "deepface": (
        "`DeepFace.verify` in a loop, on this pack's YuNet and SFace. A library and no service; its detector keeps "
        "state, so one process compares one pair at a time. It detects and aligns in its own way, so its scores differ."
    ),
}
PARTS = {
    "engine": "Decodes, detects, aligns, embeds and scores: the work itself, without which there is no answer.",
    "worker beside the engine": (
        "Takes and acknowledges a Celery message, starts the job, renews its lease, fetches the photographs, records "
        "the end. Python, beside the engine's threads in one process."
    ),
    "api": (
        "Parses the upload, reads both headers, stores the photographs, records and enqueues the job, waits with the "
        "client. Python: most of it goes with the bytes and the number of calls."
    ),
    "object store": "Takes the photographs, gives them to the worker, deletes them.",
    "redis": "Broker, records and results: every step of a job is a script that either happens or does not.",
    "load generator": "The benchmark's own clients, on the same cores. Clients elsewhere would give it back.",
    "rest": "Courier, beat, evaluator and whatever else the stack keeps running.",
}
STEPS = {
    "upload and accept": "both photographs to the API, into the object store, job recorded and enqueued",
    "queue": "from the broker to a free thread of a worker",
    "wait": "for a turn at the engine",
    "fetch": "the photographs from the object store",
    "decode": "both to pixels, upright; goes by the megapixel",
    "detect": "the detector on both",
    "align": "both faces onto the template",
    "embed": "the recogniser on both faces",
    "score": "a scalar product",
    "end and answer": "result recorded, photographs deleted, the waiting client told",
}


def write(bench: Mapping[str, Any], docs: Path) -> None:
    """Make performance.md and performance/*.svg in `docs`; plots of what was not measured are removed."""
    folder = docs / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    drawn = _plots(bench)
    for name in PLOTS:
        path = folder / f"{name}.svg"
        if name in drawn:
            path.write_text(drawn[name], encoding="utf-8")
        else:
            path.unlink(missing_ok=True)
    (docs / "performance.md").write_text(page(bench), encoding="utf-8")


def page(bench: Mapping[str, Any]) -> str:
    """The page as Markdown; a section whose measurements are missing is left out."""
    lines = ["# Performance", "", *_answer(bench)]
    for section in SECTIONS:
        lines += section(bench)
    return "\n".join(lines).rstrip() + "\n"


def _plots(bench: Json) -> dict[str, str]:
    drawn = {}
    if comparisons := bench.get("comparisons"):
        drawn["throughput"] = plots.throughput_svg(comparisons)
    if offered := bench.get("offered"):
        drawn["latency"] = plots.latency_svg(offered)
    if budget := bench.get("budget"):
        drawn["budget"] = plots.budget_svg(budget)
    if simulation := bench.get("simulation"):
        drawn["simulation"] = plots.simulation_svg(simulation["gpu"])
    if memory := _memory(bench):
        drawn["memory"] = plots.memory_svg(memory)
    return drawn


def _memory(bench: Json) -> dict[str, Sequence[Json]]:
    queue, soak = bench.get("queue") or {}, bench.get("soak") or {}
    panels = {}
    if samples := queue.get("memory"):
        panels[several(queue["jobs"], "job")] = samples
    if samples := soak.get("rss"):
        panels[f"soak of {amount(soak['minutes'])} minutes"] = samples
    return panels


# The page, section by section.


def _answer(bench: Json) -> Lines:
    targets, ratios = bench.get("targets") or [], bench.get("ratios") or {}
    lines: Lines = []
    if "api_to_engine" in ratios:
        said = (
            f"Through the API a client gets **{ratios['api_to_engine']:.2f}** of the comparisons a second that the "
            "engine makes alone, on the same cores in the same run. One run on one machine: the ratios travel, the "
            "other figures do not."
        )
        lines += [_wrapped(said), ""]
    if targets:
        rows = [[t["name"], t["target"], t["found"], VERDICTS[t["met"]]] for t in targets]
        lines += [*_table(["target", "asked", "found", ""], rows), ""]
        missed = [f"{t['name']} ({t['found']}, asked {t['target']})" for t in targets if t["met"] is False]
        verdict = f"**Not met:** {'; '.join(missed)}." if missed else "No target was missed."
        lines += [_wrapped(verdict), ""]
    if ratios:
        lines += [*_table(["ratio", "found>"], [[ratio_name(key), f"{ratios[key]:.2f}"] for key in ratios]), ""]
    if missing := _missing(bench):
        lines += [_wrapped(f"Not measured in this run, and left out below: {listed(missing)}."), ""]
    return lines


VERDICTS = {True: "met", False: "**not met**", None: "not measured"}


def ratio_name(key: str) -> str:
    """What is put in proportion to what."""
    return RATIOS.get(key, key.replace("_to_", " to ").replace("_", " "))


def _missing(bench: Json) -> list[str]:
    found = [words for group, words in GROUPS.items() if not bench.get(group)]
    for group in ("comparisons", "offered"):
        ways = ("engine", "api", "sync", "deepface") if group == "comparisons" else ("api", "sync")
        absent = [name_of(way) for way in ways if not bench[group].get(way)] if bench.get(group) else []
        if absent:
            found.append(f"{GROUPS[group]} of {listed(absent)}")
    for part, words in (("cpu_ms_per_job", "the CPU time of a job"), ("wall_ms", "the wall time of a job")):
        if bench.get("budget") and not bench["budget"].get(part):
            found.append(words)
    return found


def _machine(bench: Json) -> Lines:
    machine, settings = bench.get("machine") or {}, bench.get("settings") or {}
    lines = ["## Where and how", ""]
    if machine:
        lines.append(
            _wrapped(
                f"{machine['cpu']}, {several(machine['cores'], 'core')}, {amount(machine['memory_gib'])} GiB, "
                f"{machine['system']}; Python {machine['python']}, onnxruntime {machine['onnxruntime']} on "
                f"`{machine['provider']}`. Code {bench['code']}, {bench['taken_at']}, "
                f"{'full' if bench.get('full') else 'short'} run of {amount(bench['seconds'])} s."
            )
        )
    if settings:
        shown = ", ".join(
            f"{name.replace('_', ' ')} `{value}`" for name, value in settings.items() if value is not None
        )
        lines.append(_wrapped(f"Settings: {shown}."))
    if photographs := bench.get("photographs"):
        lines.append(
            _wrapped(
                f"Photographs: {several(photographs['pairs'], 'pair')}, {size(photographs['mean_pair_bytes'])} a pair; "
                f"{photographs['what']}."
            )
        )
    return [
        *lines,
        "",
        "```",
        "make bench             # measures, writes .likeness/bench.json, this page and its plots",
        "make bench FULL=1      # the same for longer, with the long queue and the soak",
        ".venv/bin/python -m bench.report       # this page once more, from .likeness/bench.json",
        "```",
        "",
    ]


def _throughput(bench: Json) -> Lines:
    comparisons = in_order(bench.get("comparisons") or {})
    if not comparisons:
        return []
    lines = ["## Throughput", "", *_image("throughput", "Comparisons a second against clients at a time")]
    clients = sorted({at["clients"] for points in comparisons.values() for at in points})
    if any(points[-1]["clients"] < clients[-1] for points in comparisons.values()):
        lines += ["Dotted: not tried with more clients, or threads; goes on at its best.", ""]
    rows = []
    for count in clients:
        row = [str(count)]
        for points in comparisons.values():
            at = next((at for at in points if at["clients"] == count), None)
            row.append(f"{amount(at['per_s'])} ({amount(at['p95_ms'])})" if at else "")
        rows.append(row)
    heads = ["clients>", *(f"{name_of(way)}>" for way in comparisons)]
    lines += ["Comparisons a second, and in brackets the 95th percentile of the latency in ms:", ""]
    lines += [*_table(heads, rows), ""]
    if small := bench.get("small"):
        ours, alone = amount(small["api"]["per_s"]), amount(small["engine"]["per_s"])
        said = f"With small pictures, where the engine has less to do: API {ours} comparisons/s, engine alone {alone}."
        lines += [said, ""]
    return [*lines, *_table(["way", "what it is"], [[name_of(w), PEERS.get(w, "")] for w in comparisons]), ""]


def _latency(bench: Json) -> Lines:
    offered, idle, accept = (bench.get(group) or {} for group in ("offered", "idle", "accept"))
    if not (offered or idle or accept):
        return []
    lines = ["## Latency", ""]
    if idle:
        api, engine, more = (amount(idle[key]) for key in ("api_ms", "engine_ms", "difference_ms"))
        said = f"At rest, one client: {api} ms through the API, {engine} ms in the engine; the service adds {more} ms."
        lines += [_wrapped(said), ""]
    if accept:
        said = (
            f"Accepting while the workers have more than they can do: {several(accept['clients'], 'client')} with "
            f"photographs of {size(accept['photo_bytes'])} have {amount(accept['per_s'])} jobs accepted a second; "
            f"p50 / p95 / p99 {_percentiles(accept)} ms."
        )
        lines += [_wrapped(said), ""]
    if offered:
        lines += _image("latency", "Latency percentiles against offered load")
        said = (
            "Jobs arrive at their own times, whether or not the ones before have ended. Hollow dots: less than "
            "four fifths of what was offered were achieved, so that the latency only shows how long the measurement "
            "lasted."
        )
        lines += [_wrapped(said), ""]
        rows = []
        for load in sorted({at["offered_per_s"] for points in offered.values() for at in points}):
            row = [amount(load)]
            for points in offered.values():
                at = next((at for at in points if at["offered_per_s"] == load), None)
                row += [amount(at["achieved_per_s"]), _percentiles(at)] if at else ["", ""]
            rows.append(row)
        heads = [head for way in offered for head in (f"{name_of(way)}: achieved/s>", "p50 / p95 / p99 ms>")]
        lines += [*_table(["offered/s>", *heads], rows), ""]
    return lines


def _budget(bench: Json) -> Lines:
    budget = bench.get("budget") or {}
    cpu, wall = budget.get("cpu_ms_per_job") or {}, budget.get("wall_ms") or {}
    if not cpu and not wall:
        return []
    lines = ["## Where a job's time goes", "", *_image("budget", "Where a job's time goes")]
    if cpu:
        total = sum(cpu.values())
        rows = [[part_name(p), amount(ms), _share(ms, total), _why(p, bench)] for p, ms in cpu.items()]
        rows.append(["**all**", f"**{amount(total)}**", "", ""])
        lines += [*_table(["part", "CPU ms a job>", "of all>", "why"], rows), ""]
        if "engine" in cpu and total:
            beside = {p: ms for p, ms in cpu.items() if p != "engine"}
            said = (
                "All parts share the cores. Where these are what is short, the service can reach "
                f"{_share(cpu['engine'], total)} of the engine alone: the engine's part of the budget."
            )
            if beside:
                said += f" The dearest part beside it is *{part_name(max(beside, key=lambda p: beside[p]))}*."
            lines += [_wrapped(said), ""]
    if wall:
        lines += [
            _wrapped(
                "One comparison after the other on an idle stack. The engine works on both photographs at once there; "
                "its steps have their share of its time:"
            ),
            "",
        ]
        longest = max(wall, key=lambda step: wall[step])
        rows = [[step, amount(ms), STEPS.get(step, "")] for step, ms in wall.items()]
        lines += [*_table(["step", "ms>", "what happens"], rows), "", f"The longest step is *{longest}*.", ""]
    return lines


def part_name(part: str) -> str:
    """The engine is only *alone* where it is measured alone."""
    return "engine" if part == "engine" else name_of(part)


def _why(part: str, bench: Json) -> str:
    """A sentence, and the counts that were measured."""
    budget, said = bench["budget"], [PARTS.get(part, "")]
    cpu = budget["cpu_ms_per_job"]
    if part == "object store":
        if calls := budget.get("s3_calls_per_job"):
            said.append(f"Calls a job: {_counts(calls)}.")
        if photographs := bench.get("photographs"):
            said.append(f"{size(photographs['mean_pair_bytes'])} go in and come out, with checksums over HTTP.")
        if cpu["object store"] > cpu.get("api", float("inf")):
            said.append("It costs more than the API that talks to it.")
    if part == "redis":
        if commands := budget.get("redis_commands_per_job"):
            counted = _counts(commands) if isinstance(commands, Mapping) else amount(commands)
            said.append(f"Commands a job: {counted}.")
        if (bench.get("settings") or {}).get("redis_fsync") == "always":
            said.append("Each write is synced to the disk before it is answered, which is waiting and not CPU.")
    return " ".join(sentence for sentence in said if sentence)


def _counts(counts: Mapping[str, float]) -> str:
    return listed([f"{amount(count)} {name}" for name, count in counts.items()])


def _evaluation(bench: Json) -> Lines:
    run, mixed = bench.get("evaluation") or {}, bench.get("mixed") or {}
    if not run and not mixed:
        return []
    lines = ["## Evaluation runs", ""]
    if run:
        workers = listed([str(count) for count in run["workers"]])
        same = "is byte-identical" if run["score_file_identical"] else "**is not identical**"
        said = (
            f"{several(run['pairs'], 'pair')} of `{run['dataset']}`, {several(run['images'], 'image')}: "
            f"{amount(run['run_s'])} s from the request to the stored report; the engine alone takes "
            f"{amount(run['engine_s'])} s for the same images. `scores.csv` {same} with {workers} workers."
        )
        if run.get("cached_s") is not None:
            said += f" Once more, from the cache: {amount(run['cached_s'])} s."
        if run.get("accuracy") is not None:
            deviation = f" +- {100 * run['accuracy_std']:.2f}" if run.get("accuracy_std") is not None else ""
            said += f" Accuracy {percent(run['accuracy'], 2)}{deviation}, by the folds of the protocol."
        if why := (bench.get("missing") or {}).get("lfw"):
            said += f" Not LFW: {why}."
        lines += [_wrapped(said), ""]
    if mixed:
        said = (
            f"Comparisons come first. While a run was in flight, {amount(mixed['comparisons_per_s'])} comparisons/s "
            f"had a p95 of {amount(mixed['busy_p95_ms'])} ms, at rest {amount(mixed['idle_p95_ms'])} ms; the run took "
            f"{mixed['evaluation_slowdown']:.2f} times as long."
        )
        lines += [_wrapped(said), ""]
    return lines


def _workers(bench: Json) -> Lines:
    points = bench.get("workers") or []
    if not points:
        return []
    rows = [[str(point["workers"]), amount(point["per_s"])] for point in points]
    lines = ["## More workers", "", *_table(["workers>", "comparisons/s>"], rows), ""]
    first, last = points[0], points[-1]
    if last["workers"] > first["workers"]:
        gain = last["per_s"] / first["per_s"]
        if gain < 0.97:
            said = "More workers on the same cores are slower: they only get in each other's way."
        elif gain < 1.15:
            said = "The first worker fills the cores already; another one pays where it has a device of its own."
        else:
            said = "More workers on the same cores do more: one alone leaves some of them idle."
        lines += [said, ""]
    return lines


def _memory_section(bench: Json) -> Lines:
    queue, soak = bench.get("queue") or {}, bench.get("soak") or {}
    if not queue and not soak:
        return []
    lines = ["## A long queue, and memory", ""]
    if _memory(bench):
        lines += _image("memory", "Resident memory over time")
    if queue:
        engine = " with the sleeping engine" if queue.get("engine") == "sleeping" else ""
        held = (size(queue[f"redis_bytes_per_job_{state}"]) for state in ("queued", "ended"))
        said = (
            f"{several(queue['jobs'], 'job')}{engine}: submitted at {amount(queue['submit_per_s'])}/s, ended at "
            f"{amount(queue['drain_per_s'])}/s. Of Redis's memory a queued job takes {next(held)}, one that has ended "
            f"{next(held)}."
        )
        lines += [_wrapped(said), ""]
    if soak:
        rows = [[name_of(process), signed(slope)] for process, slope in soak["slope_mb_per_h"].items()]
        said = (
            f"Soak: {several(soak['jobs'], 'job')} in {amount(soak['minutes'])} minutes. A line fitted to the memory:"
        )
        lines += [said, "", *_table(["process", "MB an hour>"], rows), ""]
    return lines


def _simulation(bench: Json) -> Lines:
    found = bench.get("simulation") or {}
    if not found:
        return []
    assumed = [[a["what"], f"{a['value']:g}", a["source"]] for a in found["assumptions"]]
    said = (
        f"Jobs arrive by chance (Poisson) at the rate the GPUs could serve, at least {number(found['jobs'])} of them, "
        f"seed {found['seed']}. A run begins and ends empty, so it serves a little less than is offered even where "
        "nothing is in the way. API processes are started as needed; Redis and the object store stay one. p95 is taken "
        "at a lower load, see above. The last columns say how many of each would keep up."
    )
    return [
        "## With more GPUs: a simulation",
        "",
        _wrapped(
            "Nothing here was run on a GPU. A queueing network takes the CPU time and the bytes of a job from the "
            "budget above, and what could not be measured from this table:"
        ),
        "",
        *_table(["assumed", "value>", "source"], assumed),
        "",
        "What each station can do at most, the lowest first, and what to do then:",
        "",
        *_table(["station", "jobs/s>", "feeds GPUs>", "then"], [_ceiling(at) for at in found["ceilings"]]),
        "",
        *_image("simulation", "Simulated throughput and utilisation against GPUs"),
        _wrapped(said),
        "",
        *_grown("GPUs", found["gpu"]),
        f"The same without GPUs, workers of {several(found['cores_per_worker'], 'core')} and the engine as measured:",
        "",
        *_grown("workers", found["cpu"]),
        _wrapped(
            "Left out: the time Redis waits for the disk, the courier's work, batches on the GPU, machines that fail. "
            "Servers of one kind share one queue, which is kinder than shards are. `tests/bench/test_simulation.py` "
            "holds the simulation against the formulas for M/M/1, M/M/c and M/D/1."
        ),
        "",
    ]


def _ceiling(at: Json) -> list[str]:
    commands = f"; {number(round(at['commands_per_s']))} commands/s" if at.get("commands_per_s") else ""
    return [f"{at['station']} ({at['of']}{commands})", _rate(at["per_s"]), amount(at["gpus"]), at["then"]]


def _grown(units: str, points: Sequence[Json]) -> Lines:
    rows = [
        [
            str(at["count"]),
            _rate(at["offered_per_s"]),
            _rate(at["throughput_per_s"]),
            amount(at["p95_ms"]),
            at["first"],
            *(number(count) for count in at["needed"].values()),
        ]
        for at in points
    ]
    needed = [f"{what}>" for what in points[0]["needed"]]
    return [*_table([f"{units}>", "offered/s>", "served/s>", "p95 ms>", "saturates first", *needed], rows), ""]


def _caveats(bench: Json) -> Lines:
    cores = (bench.get("machine") or {}).get("cores")
    where = f"the same {several(cores, 'core')}" if cores else "the same cores"
    return [
        "## Caveats",
        "",
        f"- Clients, API, Redis, object store and worker share {where}: whatever one of them takes, the engine lacks.",
        "- One run. Other load on the machine moves every figure; ratios, each taken within the run, move least.",
        "- Photographs come from a few files that the caches know, over the loopback: no network, no cold disk.",
        "",
    ]


Section = Callable[[Json], Lines]
SECTIONS: tuple[Section, ...] = (
    _machine,
    _throughput,
    _latency,
    _budget,
    _evaluation,
    _workers,
    _memory_section,
    _simulation,
    _caveats,
)


# How things are written.


def amount(value: float) -> str:
    """A measured figure, not more exact than it is.

    >>> amount(12345.6), amount(182.4), amount(16.24), amount(0.934), amount(0)
    ('12,346', '182', '16.2', '0.93', '0')
    """
    if value == int(value) or abs(value) >= 100:
        return number(round(value))
    return f"{value:.{1 if abs(value) >= 1 else 2}f}".replace("-", "\u2212")


def signed(value: float) -> str:
    """With its sign, also where it is a plus.

    >>> signed(0.4), signed(-0.2) == "\u2212" + "0.20"
    ('+0.40', True)
    """
    return ("+" if value > 0 else "") + amount(value)


def size(count: float) -> str:
    """Bytes, in steps of a thousand.

    >>> size(663_000), size(1_700), size(2_500_000), size(12)
    ('663 kB', '1.7 kB', '2.5 MB', '12 bytes')
    """
    if count >= 1e6:
        return f"{amount(count / 1e6)} MB"
    return f"{amount(count / 1e3)} kB" if count >= 1e3 else f"{amount(count)} bytes"


def _percentiles(at: Json) -> str:
    return " / ".join(f"{at[key]:.{0 if at[key] >= 10 else 1}f}" for key in ("p50_ms", "p95_ms", "p99_ms"))


def _rate(per_s: float) -> str:
    return number(round(per_s)) if per_s >= 20 else amount(per_s)


def _share(part: float, total: float) -> str:
    return f"{100 * part / total:.0f} %" if total else ""


def _image(name: str, alt: str) -> Lines:
    return [f"![{alt}]({FOLDER}/{name}.svg)", ""]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Lines:
    """A head that ends in `>` is of numbers, which stand at the right."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"

    rule = line(["---:" if head.endswith(">") else "---" for head in heads])
    return [line([head.removesuffix(">") for head in heads]), rule, *map(line, rows)]


def _wrapped(text: str, width: int = 120) -> str:
    """A paragraph of lines as long as the other documents'."""
    lines, current = [], ""
    for word in text.split():
        if current and len(current) + 1 + len(word) > width:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}".strip()
    return "\n".join([*lines, current])


@click.command()
@click.option(
    "--bench",
    "stored",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Measurements, if not those in .likeness/bench.json.",
)
@click.option(
    "--docs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=CHECKOUT / "docs",
    help="Where performance.md goes, if not the checkout's docs.",
)
def main(stored: Path | None, docs: Path) -> None:
    """Render docs/performance.md and its plots from stored measurements."""
    stored = stored or load_settings().home / "bench.json"
    if not stored.is_file():
        raise click.ClickException("nothing was measured yet: make bench")
    write(json.loads(stored.read_text(encoding="utf-8")), docs)


if __name__ == "__main__":
    main()
