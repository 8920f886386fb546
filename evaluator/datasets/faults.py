"""What can be wrong with a data set, in words that lead to the line."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import LikenessError

FAULTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    #: The file or archive it is in.
    source: str
    #: From 1; None where it is on none.
    line: int | None
    what: str

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{place}: {self.what}"


class DatasetInvalid(LikenessError):
    """The data set has faults; nothing was imported. `faults` has them all, the message the first twenty."""

    code = "dataset_invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = [str(fault) for fault in self.faults[:FAULTS_SHOWN]]
        if (more := len(self.faults) - FAULTS_SHOWN) > 0:
            lines.append(f"... and {more} more")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[type["DatasetInvalid"], tuple[Sequence[Fault]]]:
        return type(self), (self.faults,)


class DatasetExists(LikenessError):
    """A data set of this name, with other content, is there already."""

    code = "dataset_exists"


class DatasetCorrupt(LikenessError):
    """A stored part of the data set differs from its recorded digest."""

    code = "dataset_corrupt"
