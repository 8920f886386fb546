"""What the figures hold for: the machine, the settings and the photographs of the run, and what to beware of."""

from bench.report.amounts import amount, size
from bench.report.markdown import Lines, wrapped
from bench.report.measurements import Json
from evaluator.report.wording import several


def conditions(bench: Json) -> Lines:
    """Where and how it was measured, and how to do it again."""
    machine, settings = bench.get("machine") or {}, bench.get("settings") or {}
    lines = ["## Where and how", ""]
    if machine:
        text = (
            f"{machine['cpu']}, {several(machine['cores'], 'core')}, {amount(machine['memory_gib'])} GiB, "
            f"{machine['system']}; Python {machine['python']}, onnxruntime {machine['onnxruntime']} on "
            f"`{machine['provider']}`. Code {bench['code']}, {bench['taken_at']}, "
            f"{'full' if bench.get('full') else 'short'} run of {amount(bench['seconds'])} s."
        )
        lines.append(wrapped(text))
    if settings:
        shown = [f"{name.replace('_', ' ')} `{value}`" for name, value in settings.items() if value is not None]
        lines.append(wrapped(f"Settings: {', '.join(shown)}."))
    if photographs := bench.get("photographs"):
        text = (
            f"Photographs: {several(photographs['pairs'], 'pair')}, {size(photographs['mean_pair_bytes'])} a pair; "
            f"{photographs['what']}."
        )
        lines.append(wrapped(text))
    return [
        *lines,
        "",
        "<!-- not run: minutes of measuring -->",
        "```sh",
        "make bench             # measures, writes .likeness/bench.json, this page and its plots",
        "make bench FULL=1      # the same for longer, with the long queue and the soak",
        "make bench LFW=folder  # with lfw-deepfunneled.tgz and pairs.txt in it: evaluates LFW",
        ".venv/bin/python -m bench.report       # this page once more, from .likeness/bench.json",
        "```",
        "",
    ]


def caveats(bench: Json) -> Lines:
    """Why not to take a figure for more than it is."""
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
