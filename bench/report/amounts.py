"""Measured amounts as people read them; counts and shares by themselves are in evaluator.report.wording."""

from collections.abc import Mapping
from typing import Any

from evaluator.report.wording import listed, number, plain_number


def amount(value: float) -> str:
    """A measured figure, not more exact than it is.

    >>> amount(12345.6), amount(182.4), amount(16.24), amount(0.934), amount(0)
    ('12,346', '182', '16.2', '0.93', '0')
    """
    if value == int(value) or abs(value) >= 100:
        return number(round(value))
    return plain_number(value, 1 if abs(value) >= 1 else 2)


def signed(value: float) -> str:
    """With its sign, also where it is a plus.

    >>> signed(0.4), signed(-0.2) == "\u2212" + "0.20"
    ('+0.40', True)
    """
    return ("+" if value > 0 else "") + amount(value)


def size(count: float) -> str:
    """Bytes, in steps of a thousand.

    >>> size(663_000), size(1_700), size(2_500_000), size(12)
    ('663 kB', '1.7 kB', '2.5 MB', '12 bytes')
    """
    if count >= 1e6:
        return f"{amount(count / 1e6)} MB"
    return f"{amount(count / 1e3)} kB" if count >= 1e3 else f"{amount(count)} bytes"


def rate(per_s: float) -> str:
    """So many a second, whole from 20 on.

    >>> rate(12345.6), rate(20.4), rate(16.24)
    ('12,346', '20', '16.2')
    """
    return number(round(per_s)) if per_s >= 20 else amount(per_s)


def share(part: float, total: float) -> str:
    """A part in whole per cent of all; nothing where all is nothing.

    >>> share(1, 8), share(0, 0)
    ('12 %', '')
    """
    return f"{100 * part / total:.0f} %" if total else ""


def percentiles(at: Mapping[str, Any]) -> str:
    """The three of a latency, in milliseconds.

    >>> percentiles({"p50_ms": 9.04, "p95_ms": 88.0, "p99_ms": 99.1})
    '9.0 / 88 / 99'
    """
    return " / ".join(f"{at[key]:.{0 if at[key] >= 10 else 1}f}" for key in ("p50_ms", "p95_ms", "p99_ms"))


def counts(by_name: Mapping[str, float]) -> str:
    """How many of each, as in a sentence.

    >>> counts({"PUT": 1, "GET": 2.5})
    '1 PUT and 2.5 GET'
    """
    return listed([f"{amount(count)} {name}" for name, count in by_name.items()])
