"""How many comparisons a second, and how long one takes, through the API and beside it."""

from collections.abc import Sequence

from bench.report.amounts import amount, percentiles, size
from bench.report.markdown import Lines, image, paragraph, table
from bench.report.measurements import Json, in_order, keeps_up
from bench.report.wording import PEERS, name_of
from evaluator.report.wording import several

HOLLOW = (
    " Hollow dots: less than four fifths of what was offered were achieved, so that the latency only shows how long "
    "the measurement lasted."
)


def throughput(bench: Json) -> Lines:
    """Comparisons a second with more and more clients, and what each way is."""
    comparisons = in_order(bench.get("comparisons") or {})
    if not comparisons:
        return []
    lines = ["## Throughput", "", *image("throughput")]
    clients = sorted({at["clients"] for points in comparisons.values() for at in points})
    if any(points[-1]["clients"] < clients[-1] for points in comparisons.values()):
        lines += paragraph("Dotted: not tried with more clients, or threads; goes on at its best.")
    rows = []
    for count in clients:
        tried = [_point(points, "clients", count) for points in comparisons.values()]
        rows.append([str(count), *(f"{amount(at['per_s'])} ({amount(at['p95_ms'])})" if at else "" for at in tried)])
    lines += paragraph(
        "Comparisons a second, and in brackets the 95th percentile of the latency in ms. The ratios above are not from "
        "this table but from rounds by turns before it, with 8 clients, the median of the rounds:"
    )
    lines += table(["clients>", *(f"{name_of(way)}>" for way in comparisons)], rows)
    if small := bench.get("small"):
        ours, alone = amount(small["api"]["per_s"]), amount(small["engine"]["per_s"])
        lines += paragraph(
            f"With small images, where the engine has less to do: API {ours} comparisons/s, engine alone {alone}."
        )
    return [*lines, *table(["way", "what it is"], [[name_of(way), PEERS.get(way, "")] for way in comparisons])]


def latency(bench: Json) -> Lines:
    """At rest, of a submission alone, and under load that does not wait."""
    offered, idle, accept = (bench.get(group) or {} for group in ("offered", "idle", "accept"))
    if not (offered or idle or accept):
        return []
    lines = ["## Latency", ""]
    if idle:
        api, engine, more = (amount(idle[key]) for key in ("api_ms", "engine_ms", "difference_ms"))
        lines += paragraph(
            f"At rest, one client, medians: {api} ms through the API, {engine} ms in the engine; "
            f"the service adds {more} ms."
        )
    if accept:
        lines += paragraph(
            f"Accepting while the workers have more than they can do: {several(accept['clients'], 'client')} with "
            f"photographs of {size(accept['photograph_bytes'])} have {amount(accept['per_s'])} jobs accepted a second; "
            f"p50 / p95 / p99 {percentiles(accept)} ms."
            + (
                f" At {amount(paced['offered_per_s'])} a second, twice the comparisons of the table above, they take "
                f"{percentiles(paced)} ms."
                if (paced := accept.get("paced"))
                else ""
            )
        )
    if offered:
        lines += image("latency")
        lines += paragraph(
            "Jobs arrive by chance at a mean rate, whether or not the ones before have ended; a short draw may come to "
            "more than was asked."
            + ("" if all(keeps_up(at) for points in offered.values() for at in points) else HOLLOW)
        )
        rows = []
        for load in sorted({at["offered_per_s"] for points in offered.values() for at in points}):
            row = [amount(load)]
            for points in offered.values():
                at = _point(points, "offered_per_s", load)
                row += [amount(at["achieved_per_s"]), percentiles(at)] if at else ["", ""]
            rows.append(row)
        heads = [head for way in offered for head in (f"{name_of(way)}: achieved/s>", "p50 / p95 / p99 ms>")]
        lines += table(["offered/s>", *heads], rows)
    return lines


def _point(points: Sequence[Json], key: str, value: float) -> Json | None:
    return next((at for at in points if at[key] == value), None)
