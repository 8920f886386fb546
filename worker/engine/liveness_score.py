"""What a liveness network's output says, as the pack's manifest declares it: how much like a living face, 0 to 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from core.errors import PackCorrupt
from worker.engine.inputs import number

#: By how much a probability may miss 0 to 1, and a sum of them 1, for arithmetic's sake.
_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One row of probabilities, of which one is a living face's."""

    bona_fide_class: int

    def read(self, output: npt.NDArray[Any]) -> float:
        """Raise ValueError, saying what the network must give, for any other output."""
        classes = output
        if (
            classes.ndim != 2
            or not self.bona_fide_class < classes.shape[1]
            or not np.isclose(classes.sum(), 1, atol=_TOLERANCE)
        ):
            raise ValueError(
                f"must give probabilities of more classes than {self.bona_fide_class}; it gives {classes.tolist()}"
            )
        return float(classes[0][self.bona_fide_class])


@dataclass(frozen=True, slots=True)
class SingleScore:
    """One number an image, N or N x 1."""

    #: Whether more of it is more like a living face; else more like an attack.
    is_bona_fide_high: bool
    #: Whether it still has to be brought between 0 and 1.
    takes_sigmoid: bool

    @classmethod
    def of(cls, declared: Any, where: str) -> Self:
        """Raise PackCorrupt, naming the field, for what cannot be."""
        if not isinstance(declared, dict) or not {"bona_fide"} <= set(declared) <= {"bona_fide", "sigmoid"}:
            raise PackCorrupt(f"{where} must have bona_fide, and may have sigmoid; found {declared!r}")
        side, sigmoid = declared["bona_fide"], declared.get("sigmoid", False)
        if side not in ("high", "low"):
            raise PackCorrupt(f'{where}.bona_fide must be "high" or "low"; found {side!r}')
        if not isinstance(sigmoid, bool):
            raise PackCorrupt(f"{where}.sigmoid must be true or false; found {sigmoid!r}")
        return cls(side == "high", sigmoid)

    def read(self, output: npt.NDArray[Any]) -> float:
        """Raise ValueError, saying what the network must give, for any other output."""
        if output.size != 1 or not np.isfinite(output).all():
            raise ValueError(f"must give one finite number an image; it gives {output.tolist()}")
        value = float(output.reshape(()))
        if self.takes_sigmoid:
            value = (1 + float(np.tanh(value / 2))) / 2  # 1 / (1 + exp(-value)), which overflows
        if not -_TOLERANCE <= value <= 1 + _TOLERANCE:
            raise ValueError(
                f"must give a score from 0 to 1, or be declared with `single_score.sigmoid`; it gives {value:g}"
            )
        value = min(max(value, 0.0), 1.0)
        return value if self.is_bona_fide_high else 1 - value


def declared_score(declared: Mapping[str, Any], where: str) -> ClassScore | SingleScore:
    """How a network's entry in a manifest says its output is read. Raise PackCorrupt for what cannot be."""
    if ("bona_fide_class" in declared) == ("single_score" in declared):
        raise PackCorrupt(f"{where} must have either bona_fide_class or single_score; found {sorted(declared)}")
    if "single_score" in declared:
        return SingleScore.of(declared["single_score"], f"{where}.single_score")
    return ClassScore(int(number(declared["bona_fide_class"], f"{where}.bona_fide_class", least=0)))
