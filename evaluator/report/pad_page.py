"""The page of a PAD measurement: one file that needs no other, no script, and asks the network for nothing."""

from collections import Counter
from typing import Any

import numpy as np
from markupsafe import Markup

from evaluator.metrics import Scores
from evaluator.report.pad_plots import MOST_SPECIES, rates_svg, scores_svg
from evaluator.report.templating import environment, policy, text_of

Json = dict[str, Any]

SECTIONS = (
    ("short", "In short"),
    ("attacks", "Attacks, by species"),
    ("people", "Bona fide images"),
    ("thresholds", "Thresholds"),
    ("scores", "Scores"),
    ("errors", "Errors, and what was not judged"),
    ("provenance", "Provenance"),
)
#: So many images of each kind are named, the worst first.
MOST_NAMED = 20
#: Of a fact, how people read its name.
FACTS = {
    "list": "list of images",
    "liveness_pack": "liveness pack",
    "detector_pack": "faces found by",
    "min_face_px": "smallest face, pixels",
    "likeness_version": "version of Likeness",
}


def build_pad_page(report: Json) -> str:
    """The page of what `build_pad_report` made."""
    style = text_of("page.css") + text_of("sheet.css")
    at, images = report["at_the_threshold"], report["images"]
    pack = report["facts"]["liveness_pack"]["name"]
    return (
        environment()
        .get_template("pad.html")
        .render(
            title=f"Presentation attack detection by {pack}",
            report=report,
            at=at,
            judged=sum(image["score"] is not None for image in images),
            passed=_worst(images, at["threshold"], are_attacks=True),
            refused=_worst(images, at["threshold"], are_attacks=False),
            most_named=MOST_NAMED,
            not_judged=_not_judged(images),
            plots=_plots(report),
            left_out=max(0, len(report["presentations"]["attacks"]) - MOST_SPECIES),
            facts=[(FACTS.get(name, name.replace("_", " ")), _fact(value)) for name, value in report["facts"].items()],
            sections=SECTIONS,
            style=style,
            policy=policy(style, ""),
        )
    )


def _worst(images: list[Json], threshold: float, *, are_attacks: bool) -> list[Json]:
    """Those on the wrong side of the threshold, the furthest first."""
    wrong = [
        image
        for image in images
        if (image["attack"] is not None) == are_attacks
        and image["score"] is not None
        and (image["score"] >= threshold) == are_attacks
    ]
    return sorted(wrong, key=lambda image: -image["score"] if are_attacks else image["score"])


def _not_judged(images: list[Json]) -> list[tuple[str, str, int]]:
    """What it was, why there is no score, and how many."""
    found = Counter(
        ("bona fide" if image["attack"] is None else image["attack"], image["reason"])
        for image in images
        if image["score"] is None
    )
    return [(shown, reason, count) for (shown, reason), count in sorted(found.items())]


def _plots(report: Json) -> Json:
    """SVG; None where there is nothing to draw."""
    counts = report["presentations"]["attacks"]
    most = sorted(counts, key=lambda species: -counts[species])[:MOST_SPECIES]
    shown = [species for species in counts if species in most]
    groups = [(species, scores) for species in (None, *shown) if (scores := _scores(report["images"], species)).size]
    bona_fide = _scores(report["images"], None)
    attacks = [scores for species in counts if (scores := _scores(report["images"], species)).size]
    threshold = report["at_the_threshold"]["threshold"]
    return {
        "scores": _svg(scores_svg(groups, threshold)) if groups else None,
        "rates": _svg(rates_svg(bona_fide, attacks, threshold)) if bona_fide.size and attacks else None,
    }


def _scores(images: list[Json], species: str | None) -> Scores:
    return np.array(
        [image["score"] for image in images if image["attack"] == species and image["score"] is not None], np.float64
    )


def _fact(value: Any) -> str:
    return ", ".join(str(part) for part in value.values()) if isinstance(value, dict) else str(value)


def _svg(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 -- matplotlib escaped what we gave it
