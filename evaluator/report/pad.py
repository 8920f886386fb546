"""The report of a PAD measurement: JSON for machines, lines for people, each figure with what it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.liveness import PadResult
from evaluator.metrics import InsufficientData, Rate, plain
from evaluator.metrics.pad import TARGETS, PadPoint, PadSet, bpcer_at_apcer, pad_point
from evaluator.report.wording import decimals_for, percent, several

FORMAT = 1


@dataclass(frozen=True, slots=True)
class JudgedImage:
    """One presentation and what was made of it."""

    image: str
    sha256: str
    #: None where it was bona fide.
    species: str | None
    result: PadResult


def presentations_of(images: Sequence[JudgedImage]) -> PadSet:
    """What the metrics are computed from."""
    scores = np.array([np.nan if image.result.score is None else image.result.score for image in images], np.float64)
    return PadSet(scores, tuple(image.species for image in images))


def build_pad_report(images: Sequence[JudgedImage], facts: Mapping[str, Any], threshold: float) -> dict[str, Any]:
    """The report as plain JSON values. `facts`: what the scores depend on beside the images."""
    presentations = presentations_of(images)
    digests = [image.sha256 for image in images]
    return {
        "format": FORMAT,
        "standard": "ISO/IEC 30107-3, in its words; no test laboratory has seen it",
        "facts": dict(facts),
        "presentations": {
            "bona_fide": int(presentations.of(None).sum()),
            "attacks": {name: int(presentations.of(name).sum()) for name in presentations.attack_species},
            "same_bytes_twice": len(digests) - len(set(digests)),
        },
        "at_the_threshold": plain(pad_point(presentations, threshold)),
        "at_apcer": [{"target": target, "point": plain(bpcer_at_apcer(presentations, target))} for target in TARGETS],
        "images": [
            {
                "image": image.image,
                "sha256": image.sha256,
                "attack": image.species,
                "verdict": image.result.verdict.value,
                "score": image.result.score,
                "reason": image.result.reason.value if image.result.reason else None,
                "detail": image.result.detail or None,
            }
            for image in images
        ],
    }


def pad_lines(images: Sequence[JudgedImage], threshold: float) -> list[tuple[str, str, str]]:
    """What was measured, its value with the interval, and its counts: a row each."""
    presentations = presentations_of(images)
    rows = _rows_of(pad_point(presentations, threshold))
    for target in TARGETS:
        point, name = bpcer_at_apcer(presentations, target), f"BPCER{round(1 / target)}"
        if isinstance(point, InsufficientData):
            rows.append((name, "insufficient data", point.reason))
        else:
            rows.append(_row(f"{name}, at threshold {point.threshold:.4f}", point.bpcer))
    return rows


def _rows_of(point: PadPoint) -> list[tuple[str, str, str]]:
    rows = []
    for attack in point.attacks:
        rows.append(_row(f"APCER, {attack.species}", attack.apcer))
        rows.append(_row(f"APNRR, {attack.species}", attack.apnrr))
        rows.append(_row(f"passed under `require`, {attack.species}", attack.passed))
    return [
        *rows,
        _row("APCER, largest of any species", point.apcer),
        _row("BPCER", point.bpcer),
        _row("BPNRR", point.bpnrr),
        _row("bona fide refused under `require`", point.refused),
    ]


def _row(name: str, figure: Rate | InsufficientData) -> tuple[str, str, str]:
    if isinstance(figure, InsufficientData):
        return name, "insufficient data", figure.reason
    decimals = decimals_for(figure.trials)
    value, low, high = (percent(share, decimals) for share in (figure.value, figure.low, figure.high))
    return name, f"{value} ({low} to {high})", f"{figure.errors} of {several(figure.trials, 'image')}"
