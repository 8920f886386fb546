"""Why a target was missed, from the budget of the same run."""

from collections.abc import Callable, Mapping

from bench.report.amounts import amount
from bench.report.markdown import Lines, wrapped
from bench.report.measurements import Json
from bench.report.wording import AROUND, part_name
from bench.targets import LIMITS
from evaluator.report.wording import listed

NOTABLE_MS = 0.05


def missed(bench: Json) -> Lines:
    """A reason for each target that was missed and whose reason was measured."""
    lines: Lines = []
    for target in bench.get("targets") or []:
        explain = REASONS.get(target.get("key"))
        if target["met"] is False and explain and (reason := explain(bench)):
            lines.append(wrapped(f"- *{target['name']}*: {reason}"))
    return ["## What was missed, and why", "", *lines, ""] if lines else []


def _api_to_engine(bench: Json) -> str | None:
    cpu = (bench.get("budget") or {}).get("cpu_ms_per_job")
    if not cpu:
        return None
    beside = {part: ms for part, ms in cpu.items() if part != "engine"}
    dearest = sorted(beside, key=lambda part: -beside[part])[:2]
    named = listed([f"{part_name(part)} {amount(beside[part])}" for part in dearest])
    around = sum(beside.values())
    asked = LIMITS["api_to_engine"]
    times = asked / (1 - asked)  # so many times what is around it the engine may take, at the least
    text = (
        f"on the same cores a comparison costs {amount(cpu['engine'])} ms of CPU in the engine and {amount(around)} "
        f"around it, most of it for {named}; the target allows {amount(cpu['engine'] / times)} around it. With so "
        f"much around, only a slower engine, of {amount(times * around)} ms, would reach it."
    )
    cores, small = (bench.get("machine") or {}).get("cores"), bench.get("small")
    if cores and small:
        fixed = 1000 * cores * (1 / small["api"]["per_s"] - 1 / small["engine"]["per_s"])
        text += (
            f" With images of 250 x 250 there are {amount(fixed)} around it: these go with the steps of a job, each "
            "of which is synced to Redis's disk before the next, the rest with the bytes that are received, checked, "
            "stored, fetched and deleted."
        )
    if store := cpu.get("object store"):
        text += (
            " Beside the store alone, were all else free, the engine would have "
            f"{cpu['engine'] / (cpu['engine'] + store):.2f} of the cores."
        )
    if worker := (bench.get("ratios") or {}).get("worker_to_engine"):
        text += f" With store, Redis and API on other machines it would have {worker:.2f}."
    return text


def _api_to_sync(bench: Json) -> str | None:
    cpu = (bench.get("budget") or {}).get("cpu_ms_per_job")
    peers = (bench.get("comparisons") or {}).get("sync")
    cores = (bench.get("machine") or {}).get("cores")
    if not cpu or not peers or not cores:
        return None
    theirs_per_s = max(at["per_s"] for at in peers)
    theirs_ms, asked = 1000 * cores / theirs_per_s, LIMITS["api_to_sync"]
    text = (
        f"the peer, which stores nothing, takes {amount(theirs_ms)} ms of CPU for a comparison where all cores are "
        f"busy. {asked:g} times its throughput leaves {amount(theirs_ms / asked)} for everything, and the engine takes "
        f"{amount(cpu['engine'])}, the whole service {amount(sum(cpu.values()))}."
    )
    if engine := bench["comparisons"].get("engine"):
        most = max(at["per_s"] for at in engine) / theirs_per_s
        text += (
            f" The engine with nothing around it makes {most:.2f} times the peer's: half of its time is the "
            "recogniser's, which no float32 runtime that was tried runs faster (docs/engine.md)."
        )
    alone = [at["per_s"] for way in ("api", "sync") for at in bench["comparisons"].get(way, []) if at["clients"] == 1]
    if len(alone) == 2:
        text += f" A single client gets {alone[0] / alone[1]:.2f} times as many, for both sides are worked on at once."
    return text


def _idle(bench: Json) -> str | None:
    wall = (bench.get("budget") or {}).get("wall_ms")
    if not wall:
        return None
    steps = listed([f"*{step}* {amount(wall[step])} ms" for step in AROUND if wall.get(step, 0) >= NOTABLE_MS])
    return (
        f"around the engine are {steps}. *store* is the object store, which takes the photographs; in *queue* are the "
        "record, the message and Celery. Nothing polls. Smaller photographs take less."
    )


def _accept(bench: Json) -> str | None:
    accept = bench.get("accept")
    if not accept:
        return None
    clients, per_s, cores = accept["clients"], accept["per_s"], (bench.get("machine") or {}).get("cores")
    cost = ""
    if accept.get("cpu_ms") and cores:
        cost = (
            f" One costs {amount(accept['cpu_ms'])} ms of CPU in API, object store and Redis: {clients} at a time take "
            f"{amount(clients * accept['cpu_ms'] / cores)} ms on {cores} cores even where workers stand still."
        )
    return (
        f"{clients} clients that submit again at once have {amount(per_s)} jobs accepted a second; so each waits "
        f"{amount(1000 * clients / per_s)} ms in the mean, whoever is served first.{cost}"
    )


def _accept_paced(bench: Json) -> str | None:
    accept, cores = bench.get("accept") or {}, (bench.get("machine") or {}).get("cores")
    if not accept.get("cpu_ms") or not accept.get("paced") or not cores:
        return None
    paced = accept["paced"]
    share = paced["offered_per_s"] * accept["cpu_ms"] / (1000 * cores)
    return (
        f"{paced['offered_per_s']} a second, which come by chance, need {share:.2f} of the cores to be accepted, and "
        f"find them with workers that have more to do than they can: half are accepted within "
        f"{amount(paced['p50_ms'])} ms."
    )


def _openvino(bench: Json) -> str | None:
    one = ((bench.get("variants") or {}).get("found") or {}).get("openvino")
    cores = (bench.get("machine") or {}).get("cores")
    if not one or not cores or not one["mean_per_s"].get("sync"):
        return None
    cpu, theirs_ms = one["cpu_ms_per_job"], 1000 * cores / one["mean_per_s"]["sync"]
    asked = LIMITS["openvino_api_to_sync"]
    return (
        f"a comparison costs {amount(cpu['engine'])} ms of CPU in OpenVINO's engine and "
        f"{amount(cpu['around'])} around it; {asked:g} times the peer's throughput leaves "
        f"{amount(theirs_ms / asked)} for both."
    )


def _batch(way: str) -> Callable[[Json], str | None]:
    def reason(bench: Json) -> str | None:
        cpu = ((bench.get("batches") or {}).get("mean_cpu_ms_per_pair") or {}).get(way)
        alone = ((bench.get("batches") or {}).get("mean_cpu_ms_per_pair") or {}).get("engine")
        if not cpu or not alone:
            return None
        beside = {part: ms for part, ms in cpu.items() if part not in ("all", "embedder")}
        dearest = max(beside, key=lambda part: beside[part])
        return (
            f"a pair costs {amount(alone['all'])} ms of CPU in the engine alone, {amount(cpu['embedder'])} in the "
            f"process that works on the batch and {amount(sum(beside.values()))} beside it, of which "
            f"{part_name(dearest)} {amount(beside[dearest])}: with all cores busy throughout it would be "
            f"{alone['all'] / cpu['all']:.2f}."
        )

    return reason


def _around_the_engine(bench: Json) -> str | None:
    cpu = (bench.get("budget") or {}).get("cpu_ms_per_job")
    if not cpu:
        return None
    beside = sorted(cpu.keys() - {"engine", "load generator"}, key=lambda part: -cpu[part])
    parts = listed([f"{part_name(part)} {amount(cpu[part])}" for part in beside])
    return f"{parts}. What was tried on each: [around.md](performance/around.md)."


REASONS: Mapping[str | None, Callable[[Json], str | None]] = {
    "api_to_engine": _api_to_engine,
    "api_to_sync": _api_to_sync,
    "openvino_api_to_sync": _openvino,
    "batch": _batch("distinct"),
    "one_reference": _batch("one_reference"),
    "around": _around_the_engine,
    "idle": _idle,
    "accept": _accept,
    "accept_paced": _accept_paced,
}
