"""The options by which a command says how photographs are to be compared; a comparison and a batch have them alike."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import click

from core.liveness import LivenessRule, LivenessSides
from core.quality import QualityRule
from core.vocabulary import Policy

Command = Callable[..., Any]

_TERMS: tuple[Callable[[Command], Command], ...] = (
    click.option("--pack", help="Model pack; `likeness packs list` shows them. Default: the deployment's."),
    click.option(
        "--policy",
        type=click.Choice([policy.value for policy in Policy]),
        help="Which face counts where a photograph shows several.",
    ),
    click.option("--threshold", type=click.FloatRange(-1, 1), help="Decision threshold. Default: the pack's."),
    click.option(
        "--target-fmr",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        help="Instead of a threshold: the false match rate to keep with 95 % confidence, by the pack's calibration.",
    ),
    click.option(
        "--quality",
        type=click.Choice([rule.value for rule in QualityRule]),
        help="Tell quality warnings, or refuse faces that have one. Default: the deployment's.",
    ),
    click.option(
        "--liveness",
        type=click.Choice([rule.value for rule in LivenessRule]),
        help="Tell signs of a print or a screen in front of the camera, or refuse such faces. "
        "Default: the deployment's.",
    ),
    click.option(
        "--liveness-sides",
        type=click.Choice([sides.value for sides in LivenessSides]),
        help="Which photographs are judged for that. Default: the deployment's.",
    ),
)


def terms(command: Command) -> Command:
    """Give a command these options, in this order."""
    return reduce(lambda made, option: option(made), reversed(_TERMS), command)
