"""Numbers as people read them."""

from collections.abc import Sequence
from math import ceil, log10


def percent(share: float, decimals: int | None = None) -> str:
    """A share in per cent; without `decimals`, three significant digits.

    >>> percent(0.99445, 2), percent(0.000998), percent(0.1), percent(0.0)
    ('99.44 %', '0.0998 %', '10 %', '0 %')
    """
    return f"{100 * share:.3g} %" if decimals is None else f"{100 * share:.{decimals}f} %"


def decimals_for(trials: int) -> int:
    """Decimals of a per cent figure that still show one error in so many trials, and not many more.

    >>> decimals_for(600), decimals_for(3000), decimals_for(50_000)
    (2, 3, 4)
    """
    return max(2, ceil(log10(max(trials, 1))) - 1)


def number(count: int) -> str:
    """A count; from 10,000 on, with commas.

    >>> number(6000), number(29956)
    ('6000', '29,956')
    """
    return f"{count:,}" if abs(count) >= 10_000 else str(count)


def of_million(share: float) -> str:
    """How many of a million; three digits, for no more is known of a rate.

    >>> of_million(0.0009981), of_million(0.0), of_million(0.0000004)
    ('998', '0', '0')
    """
    return f"{round(float(f'{1e6 * share:.3g}')):,}"


def several(count: int, one: str, many: str | None = None) -> str:
    """A count and its noun.

    >>> several(1, "pair"), several(0, "false match", "false matches")
    ('1 pair', '0 false matches')
    """
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def listed(items: Sequence[str]) -> str:
    """Items as in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def plain_number(value: float, digits: int = 4) -> str:
    r"""A score or a threshold, with a true minus sign.

    >>> plain_number(0.363), plain_number(-0.05, 3) == "\u2212" + "0.050"
    ('0.3630', True)
    """
    return f"{value:.{digits}f}".replace("-", "\u2212")


def spread(low: float, high: float, decimals: int) -> str:
    """An interval in per cent, without the sign.

    >>> spread(0.0002, 0.0029, 2) == "0.02 \u2013 0.29"
    True
    """
    return f"{100 * low:.{decimals}f} \u2013 {100 * high:.{decimals}f}"


def words(key: str) -> str:
    """A key of a report as people read it.

    >>> words("wall_s"), words("min_face_px")
    ('wall', 'min face px')
    """
    return key.removesuffix("_s").replace("_", " ")
