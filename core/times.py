"""Points in time as every document of ours writes them, and spans for people."""

from datetime import UTC, datetime


def rfc3339(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339, UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(seconds: float) -> str:
    """In the two largest units.

    >>> [span(s) for s in (0.2, 59, 61, 3600, 90000)]
    ['0 s', '59 s', '1 min 1 s', '1 h 0 min', '1 d 1 h']
    """
    whole = int(seconds)
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller} {name}"
    return f"{whole} s"
