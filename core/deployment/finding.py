"""What an examination has found: a part, whether it is well, and what to do where it is not."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.errors import LikenessError


class Verdict(StrEnum):
    """How a part is."""

    OK = "ok"
    #: It works, but promises less, or cannot be seen from here.
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """Of one part."""

    part: str
    verdict: Verdict
    found: str
    #: What to do; empty where nothing is to be done.
    remedy: str = ""


def ok(part: str, found: str) -> Finding:
    """It is well."""
    return Finding(part, Verdict.OK, found)


def warn(part: str, found: str, remedy: str) -> Finding:
    """It works, but promises less, or cannot be seen from here."""
    return Finding(part, Verdict.WARN, found, remedy)


def fail(part: str, found: str, remedy: str) -> Finding:
    """Something will not work."""
    return Finding(part, Verdict.FAIL, found, remedy)


def found_by(part: str, look: Callable[[], Iterable[Finding]], remedy: str) -> Iterator[Finding]:
    """What a look finds; that it cannot look is a finding too."""
    try:
        yield from look()
    except (LikenessError, OSError) as error:
        yield fail(part, str(error), remedy)
