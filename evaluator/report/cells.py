"""What the sections of the page are made of: rates as table cells, figures, and reasons where there is no figure."""

from collections.abc import Sequence
from typing import Any

from evaluator.report.markup import Html, cell, element, head, paragraph
from evaluator.report.wording import decimals_for, number, percent, spread

Json = dict[str, Any]

NONE = Html("")
REFUSED = "insufficient_data"


def digits(text: str, class_: str = "n") -> Html:
    """A cell of a number."""
    return cell(text, class_=class_)


def code(text: str) -> Html:
    """To be typed or compared letter by letter."""
    return element("code", text)


def figure(svg: str, caption: str = "") -> Html:
    """A plot and what to see in it."""
    return element("figure", Html(svg), element("figcaption", caption) if caption else NONE)


def refusal(reason: str) -> Html:
    """In the place of a section's figures."""
    return paragraph(f"Insufficient data: {reason}.")


def rate_heads(rates: Sequence[tuple[str, str]]) -> tuple[list[Html], list[Html]]:
    """Two lines of heads over `rate_cells`, for each rate what is counted and its name."""
    above = [head(counted, class_="group", span=3) for counted, _ in rates]
    below = []
    for _, name in rates:
        below += [head("errors", class_="n group"), head(name, class_="n"), head("95 % interval", class_="n")]
    return above, below


def rate_cells(rate: Json, remark: str = "") -> list[Html]:
    """Errors of trials, the rate and its interval; or why there is none."""
    if REFUSED in rate:
        return [cell(rate[REFUSED], class_="why group", span=3)]
    decimals = decimals_for(rate["trials"])
    return [
        digits(f"{number(rate['errors'])} / {number(rate['trials'])}{remark}", "n group"),
        digits(percent(rate["value"], decimals)),
        digits(spread(rate["low"], rate["high"], decimals)),
    ]
