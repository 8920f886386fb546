"""A part: what a worker made of one shard, as one .npz. Needs numpy, which the API and the courier do without."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from core.quality import Measures
from core.vocabulary import Reason


class CropRejected(StrEnum):
    """Why a crop of the aligned track was not read where `Reason` has no word for it: the codes of ImageRejected."""

    IMAGE_REJECTED = "image_rejected"
    IMAGE_UNSUPPORTED = "image_unsupported"


FailureReason: TypeAlias = Reason | CropRejected


def failure_reason(code: str) -> FailureReason:
    """The reason with this code. Raise ValueError for one that is none."""
    return Reason(code) if code in tuple(Reason) else CropRejected(code)


def measures_by_name(rows: Sequence[Measures | None]) -> dict[str, npt.NDArray[np.float32]]:
    """A column a measure, of shape (n,) for n rows; NaN in the row of an image that has none."""
    return {
        measure.name: np.array([getattr(row, measure.name, np.nan) for row in rows], np.float32)
        for measure in fields(Measures)
    }


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The images of one shard in its order: a row each, with an embedding or the reason why there is none."""

    image_ids: tuple[str, ...]
    #: Shape (n,).
    acquired: npt.NDArray[np.bool_]
    #: None where a face was acquired.
    reasons: tuple[FailureReason | None, ...]
    #: Shape (n,); 0 where nothing was acquired, 1 on the aligned track.
    faces_found: npt.NDArray[np.int32]
    #: Shape (n, d), each row of length 1; zeros where nothing was acquired, and d = 0 where no row was.
    embeddings: npt.NDArray[np.float32]
    #: What the embeddings were made with: the facts of the engine ...
    engine: dict[str, Any]
    #: ... and the version of each distribution that may show in them.
    software: dict[str, str]
    #: Quality measures by name, each of shape (n,); NaN where there is none. None in parts of before.
    measures: dict[str, npt.NDArray[np.float32]] | None = None

    @property
    def facts(self) -> str:
        """`engine` and `software` as one text, equal for equal facts."""
        return json.dumps({"engine": self.engine, "software": self.software}, sort_keys=True)

    def to_npz(self) -> bytes:
        """The same bytes for the same part (numpy writes a fixed date into the archive)."""
        buffer = io.BytesIO()
        np.savez(
            buffer,
            allow_pickle=False,
            facts=np.array(self.facts),
            image_ids=np.array(self.image_ids),
            acquired=self.acquired,
            reasons=np.array([reason or "" for reason in self.reasons]),
            faces_found=self.faces_found,
            embeddings=self.embeddings,
            **self._measures(),
        )
        return buffer.getvalue()

    def _measures(self) -> dict[str, npt.NDArray[Any]]:
        """One array and its columns' names: an array of its own would cost each measure 400 bytes."""
        if self.measures is None:
            return {}
        return {
            "measure_names": np.array([*self.measures]),
            "measures": np.stack([*self.measures.values()], axis=1),
        }

    @classmethod
    def from_npz(cls, body: bytes) -> "Part":
        """What `to_npz` wrote, this version's or an older one's."""
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            facts = json.loads(str(arrays["facts"]))
            names = arrays["measure_names"].tolist() if "measure_names" in arrays else None
            return cls(
                image_ids=tuple(arrays["image_ids"].tolist()),
                acquired=arrays["acquired"],
                reasons=tuple(failure_reason(code) if code else None for code in arrays["reasons"].tolist()),
                faces_found=arrays["faces_found"],
                embeddings=arrays["embeddings"],
                engine=facts["engine"],
                software=facts["software"],
                measures=dict(zip(names, arrays["measures"].T, strict=True)) if names else None,
            )
