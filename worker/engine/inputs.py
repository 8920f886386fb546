"""How a network wants its images, as the pack's manifest declares it: what is in no graph, and decides every score.

Fields of a network in `manifest.json`; docs/packs.md explains them. They are in a file of the pack, so that its digest
covers them: another template, or another order of colours, makes other scores.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt
from insightface.utils.face_align import arcface_dst

from core.errors import PackCorrupt
from core.packs.catalogue import MANIFEST
from worker.engine.contract import Image

Point = tuple[float, float]

#: InsightFace's, for a crop of 112 x 112: the eyes, the nose, the corners of the mouth; the subject's right one first.
ARCFACE: tuple[Point, ...] = tuple((float(x), float(y)) for x, y in arcface_dst)
ARCFACE_PX = 112
#: The largest input that makes sense for one face, in pixels.
MOST_PX = 1024


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """N x 3 x size x size of float32: (pixel - mean) / std."""

    #: Side of the square, in pixels.
    size: int = ARCFACE_PX
    #: Whether red comes first; else blue, as OpenCV has it.
    is_rgb: bool = True
    mean: float = 127.5
    std: float = 127.5
    #: Where the five keypoints go, in pixels of the crop; says nothing where crops are not aligned.
    template: tuple[Point, ...] = ARCFACE
    #: Whether the manifest says that several images may go in at once; None where it does not say.
    takes_batches: bool | None = None

    @classmethod
    def of(cls, declared: Mapping[str, Any], where: str, *, is_aligned: bool = True) -> Self:
        """What a network's entry in a manifest declares. Raise PackCorrupt, naming the field, for what cannot be.

        What is not said is as InsightFace has it: RGB, (x - 127.5) / 127.5, its template for the size.
        """
        size = _size(declared.get("input_size", [ARCFACE_PX, ARCFACE_PX]), f"{where}.input_size")
        colour = declared.get("colour", "rgb")
        if colour not in ("rgb", "bgr"):
            raise PackCorrupt(f'{where}.colour must be "rgb" or "bgr"; found {colour!r}')
        batch = declared.get("batch")
        if batch not in (None, 1, "any"):
            raise PackCorrupt(f'{where}.batch must be 1 or "any"; found {batch!r}')
        mean, std = _preprocessing(declared.get("preprocessing", {"mean": 127.5, "std": 127.5}), where)
        return cls(
            size=size,
            is_rgb=colour == "rgb",
            mean=mean,
            std=std,
            template=_template(declared.get("template"), size, f"{where}.template") if is_aligned else ARCFACE,
            takes_batches=None if batch is None else batch == "any",
        )

    @property
    def is_insightfaces(self) -> bool:
        """Whether crops are aligned as InsightFace aligns them."""
        return self.size == ARCFACE_PX and self.template == ARCFACE

    def blob(self, images: Sequence[Image]) -> npt.NDArray[np.float32]:
        """The images, BGR and of the size, as the network wants them."""
        means = (self.mean,) * 3
        blob: npt.NDArray[np.float32] = cv2.dnn.blobFromImages(
            images, 1.0 / self.std, (self.size, self.size), means, swapRB=self.is_rgb
        )
        return blob


def tasks_of(directory: Path) -> Mapping[str, Any]:
    """The tasks in a pack's manifest; none where it has no manifest. Raise PackCorrupt for one that cannot be read."""
    path = directory / MANIFEST
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        tasks = document["tasks"] if document.get("manifest_version") == 2 else {}
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise PackCorrupt(f"{path} cannot be read as a manifest: {error!r}") from error
    if not isinstance(tasks, dict) or not all(isinstance(task, dict) for task in tasks.values()):
        raise PackCorrupt(f"{path} must have an object for each of its `tasks`")
    return tasks


def number(value: Any, where: str, *, least: float = -1e6, most: float = 1e6) -> float:
    """Raise PackCorrupt unless it is a number within the limits."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise PackCorrupt(f"{where} must be a number from {least:g} to {most:g}; found {value!r}")
    return float(value)


def _size(value: Any, where: str) -> int:
    if not isinstance(value, list) or len(value) != 2 or value[0] != value[1] or not isinstance(value[0], int):
        raise PackCorrupt(f"{where} must be the two equal sides of a square, in pixels; found {value!r}")
    return int(number(value[0], where, least=16, most=MOST_PX))


def _preprocessing(value: Any, where: str) -> tuple[float, float]:
    if value == "embedded":
        return 0.0, 1.0
    if not isinstance(value, dict) or set(value) != {"mean", "std"}:
        raise PackCorrupt(f'{where}.preprocessing must be "embedded" or have mean and std; found {value!r}')
    mean = number(value["mean"], f"{where}.preprocessing.mean")
    return mean, number(value["std"], f"{where}.preprocessing.std", least=1e-6)


def _template(value: Any, size: int, where: str) -> tuple[Point, ...]:
    if value is None:
        return _insightfaces_template(size, where)
    if not isinstance(value, list) or len(value) != len(ARCFACE) or not all(_is_pair(point) for point in value):
        raise PackCorrupt(f"{where} must be five points [x, y]: eyes, nose, corners of the mouth; found {value!r}")
    points = tuple((number(x, where, least=0, most=size), number(y, where, least=0, most=size)) for x, y in value)
    (right_eye, _), (left_eye, _), *_ = points
    eyes_y, mouth_y = (sum(points[i][1] for i in pair) / 2 for pair in ((0, 1), (3, 4)))
    if right_eye >= left_eye or eyes_y >= mouth_y:
        raise PackCorrupt(
            f"{where} must be that of an upright face, as in an image: the eye further left first, then the other, the "
            f"nose, and the corners of the mouth below; found {value!r}"
        )
    return points


def _insightfaces_template(size: int, where: str) -> tuple[Point, ...]:
    """As its `face_align.estimate_norm`: for multiples of 128 the template of 112 in the middle of a wider crop."""
    if size == ARCFACE_PX:
        return ARCFACE
    for side, margin in ((ARCFACE_PX, 0.0), (128, 8.0)):
        if size % side == 0:
            return tuple(((x + margin) * size / side, y * size / side) for x, y in ARCFACE)
    raise PackCorrupt(
        f"{where} must be declared: InsightFace has one for multiples of 112 and 128, and none for {size}"
    )


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2
