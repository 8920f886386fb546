"""The page of a transfer: a matrix for each pack and FMR, in one file without a script."""

from collections import Counter
from typing import Any

from evaluator.report.templating import environment, policy, text_of
from evaluator.report.transfer import EXCEEDED, HOLDS, OPEN
from evaluator.report.wording import listed

Json = dict[str, Any]


def build_transfer_page(found: Json) -> str:
    """The page of what `transfer` found."""
    style = text_of("page.css") + text_of("sheet.css")
    packs = [(f"pack-{place}", pack["pack"]) for place, pack in enumerate(found["packs"], 1)]
    return (
        environment()
        .get_template("transfer.html")
        .render(
            title="Do thresholds hold on other data sets?",
            found=found,
            summaries=[summary(pack) for pack in found["packs"]],
            targets=sorted({point["target"] for pack in found["packs"] for point in pack["points"]}, reverse=True),
            judged=lambda point: {there["run"]: there for there in point["on"]},
            sections=[("short", "In short"), *packs, ("provenance", "Provenance")],
            style=style,
            policy=policy(style, ""),
        )
    )


def summary(pack: Json) -> str:
    """How often a threshold held elsewhere, over all that were asked for."""
    verdicts = Counter(there["verdict"] for point in pack["points"] for there in point["on"])
    refused = sum(point["threshold"] is None for point in pack["points"])
    parts = [
        f"{verdicts[verdict]} {said}"
        for verdict, said in ((HOLDS, "hold"), (EXCEEDED, "are exceeded"), (OPEN, "are open"))
        if verdicts[verdict]
    ]
    judged = f"of {verdicts.total()} promises judged elsewhere, {listed(parts)}" if parts else "nothing could be judged"
    return f"{judged}; {refused} thresholds were refused, for too few pairs" if refused else judged
