"""`transfer`: whether thresholds hold on other data sets."""

import json
from pathlib import Path
from typing import Any

import click

from likeness.cli.evaluate.comparing import PAGE, finished, write
from likeness.cli.terminal import say, table


@click.command()
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True)
@click.option("--html", "page", type=PAGE, help="Write a page to this file: a matrix for each pack and FMR.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def transfer(runs: tuple[str, ...], page: Path | None, as_json: bool) -> None:
    """Say whether the thresholds that each RUN would give hold on the others: asked, got, interval.

    Thresholds are those of `evaluate calibrate`: the FMR is at most the target with 95 % confidence, on pairs like the
    run's. Here they are judged on other pairs. A run is its id, or a directory that `evaluate report --out` wrote. Runs
    of several packs give a matrix each; those of one pack must have scored alike, on different data sets.

    \b
      holds      with 95 % confidence, the FMR there is at most what was asked
      exceeded   with 95 % confidence, it is more
      open       the pairs there are too few to say

    The interval is over people (90 %, so that either end is a 95 % limit), where it is known who is on the images; else
    over pairs (95 %), which is too narrow where people recur.
    """
    from evaluator.report import build_transfer_page
    from evaluator.report import transfer as transferred

    found = transferred([finished(name) for name in runs])
    if page:
        write(page, build_transfer_page(found))
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for pack in found["packs"]:
        _print(pack)


def _print(pack: dict[str, Any]) -> None:
    click.echo(f"{pack['pack']}, policy {pack['pipeline']['policy']}: {pack['pipeline']['how']}")
    for shared in pack["shared_images"]:
        one, other = shared["datasets"]
        click.echo(f"note: {one} and {other} have {shared['images']} image ids in common: neither is new to the other")
    heads = ("asked FMR", "calibrated on", "threshold", "judged on", "false matches", "got FMR", "interval")
    rows = table(*heads, "times", "FNMR", "verdict")
    refused = []
    for point in sorted(pack["points"], key=lambda point: -point["target"]):
        asked = f"{point['target']:g}"
        if point["threshold"] is None:
            refused.append(f"refused: on {point['dataset']}, {point['insufficient_data']}")
            continue
        for there in point["on"]:
            rows.add_row(asked, point["dataset"], f"{point['threshold']:.4f}", *_judged(there))
    rows.show()
    for reason in refused:
        say(reason, indent=4)


def _judged(there: dict[str, Any]) -> tuple[str, ...]:
    fmr, fnmr = there["fmr"], there["fnmr"]
    missed = f"{fnmr['value']:.3%}" if "value" in fnmr else ""
    if "value" not in fmr:
        return there["dataset"], "", "", "", "", missed, f"{there['verdict']}: {there['why']}"
    counted = f"{fmr['errors']}/{fmr['trials']}"
    people = there["fmr_over_people"]
    ends = people if "low" in people else fmr
    interval = f"{ends['low']:.3%} to {ends['high']:.3%}" + (" (people)" if ends is people else "")
    return (
        there["dataset"],
        counted,
        f"{fmr['value']:.3%}",
        interval,
        f"{there['factor']:.2g}",
        missed,
        there["verdict"],
    )
