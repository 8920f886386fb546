"""Is there a person? The networks of a liveness pack, on the face that was chosen and what is around it.

Some see an aligned crop (liveness_crop.py), others the face enlarged. For these, the face's place is reckoned from its
five keypoints, which are points of a face and alike in all detectors, whereas each detector has its own idea of a box.
It is enlarged by each network's own factor; where the image ends before, by less, and moved inside. docs/liveness.md
says what came of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import onnx
import onnxruntime

from core.errors import PackCorrupt
from core.liveness import NotJudged, PadResult, PadVerdict
from core.packs.catalogue import Pack, directory_identity
from core.vocabulary import PackIdentity
from worker.engine import providers
from worker.engine.align import lean_deg, similarity
from worker.engine.contract import Image
from worker.engine.detect import Point
from worker.engine.graph import without_prelu
from worker.engine.inputs import ARCFACE, NetworkInput, number, tasks_of
from worker.engine.liveness_crop import AlignedCrop, Unseen
from worker.engine.liveness_score import ClassScore, SingleScore, declared_score

#: The name of its entry in a pack's manifest.
TASK = "liveness"

Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Network:
    """One network: an image of the face and its surroundings to the probability of a living face."""

    session: Any
    path: Path
    input: NetworkInput
    #: How it is cut, or by how much the crop is larger than the face, each way.
    crop: AlignedCrop | float
    output: ClassScore | SingleScore

    def run(self, crop: Image) -> Any:
        """Its output for a crop of its size."""
        return self.session.run(None, {self.session.get_inputs()[0].name: self.input.blob([crop])})[0]

    def score(self, crop: Image) -> float:
        """0 to 1; larger is more like a living face. Raise PackCorrupt where its output is not what is declared."""
        output = self.run(crop)
        try:
            return self.output.read(output)
        except ValueError as error:
            raise PackCorrupt(f"{self.path} {error}") from error


@dataclass(frozen=True, slots=True)
class Where:
    """Where networks that see the face enlarged look, as the manifest declares it."""

    #: Left, top, right, bottom of the face in InsightFace's template of 112 x 112.
    face: Rectangle
    #: A face that can be enlarged by less than this is not judged: what gives an attack away is around it.
    least_expansion: float

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Self:
        """Raise PackCorrupt for what cannot be."""
        least = number(declared.get("least_expansion", 1), f"tasks.{TASK}.least_expansion", least=1, most=10)
        return cls(_rectangle(declared), least)


class LivenessNetworks:
    """A loaded liveness pack. Any number of threads may ask it; the networks run on the CPU, in the asker's thread."""

    def __init__(self, networks: Sequence[Network], where: Where | None, pack: PackIdentity, threshold: float) -> None:
        self.pack = pack
        self.threshold = threshold
        self._networks = networks
        self._where = where

    @classmethod
    def load(cls, pack: Pack, directory: Path, *, threshold: float | None = None, intra_op_threads: int = 1) -> Self:
        """A pack whose digests have been verified. Raise PackCorrupt where a network does not give what is declared."""
        declared = tasks_of(directory).get(TASK)
        if not declared:
            raise PackCorrupt(f"the manifest of the pack {pack.name} must have an object `tasks.{TASK}`")
        networks = load_networks(directory, declared, intra_op_threads)
        where = None if all(isinstance(network.crop, AlignedCrop) for network in networks) else Where.of(declared)
        return cls(networks, where, directory_identity(pack), pack.threshold.value if threshold is None else threshold)

    def judge(self, image: Image, keypoints: Sequence[Point]) -> PadResult:
        """The verdict on a face of an image, whose keypoints are among its pixels."""
        scores = []
        for network in self._networks:
            if isinstance(network.crop, AlignedCrop):
                crop = network.crop.cut(image, keypoints)
                if isinstance(crop, Unseen):
                    return self._not_judged(crop.reason, crop.detail)
                scores.append(network.score(crop))
        if self._where is None:
            return self._judged(scores)
        upright, points = _upright(image, keypoints)
        return self.judge_at(upright, _face(points, self._where.face), scores)

    def judge_at(self, upright: Image, face: Rectangle, aligned: Sequence[float] = ()) -> PadResult:
        """The verdict on an upright face that fills this rectangle of the image: left, top, right, bottom in pixels.

        For the networks that see the face enlarged; `aligned` are the scores of the others.
        """
        height, width = upright.shape[:2]
        if face[0] < 0 or face[1] < 0 or face[2] > width or face[3] > height:
            return self._not_judged(NotJudged.CROP_OUTSIDE_IMAGE, "the face reaches beyond the image's edge")
        room = min((width - 1) / (face[2] - face[0]), (height - 1) / (face[3] - face[1]))
        least = 1.0 if self._where is None else self._where.least_expansion
        if room < least:
            return self._not_judged(
                NotJudged.CROP_OUTSIDE_IMAGE,
                f"the face fills the image, which is {room:.2f} times as large; what is around it is looked at too, at "
                f"least {least:g} times the face",
            )
        scores = [*aligned]
        for network in self._networks:
            if isinstance(network.crop, AlignedCrop):
                continue
            left, top, right, bottom = _crop(face, min(network.crop, room), width, height)
            size, shorter = network.input.size, min(right - left, bottom - top)
            if shorter < size:
                return self._not_judged(
                    NotJudged.CROP_TOO_SMALL,
                    f"the face and what is around it have {shorter} pixels on their shorter side; at least {size}",
                )
            # Linear, though many pixels become one: it is what the networks were trained with.
            scores.append(network.score(cv2.resize(upright[top:bottom, left:right], (size, size))))
        return self._judged(scores)

    def not_acquired(self, detail: str) -> PadResult:
        """Of an image that gave no usable face."""
        return self._not_judged(NotJudged.NOT_ACQUIRED, detail)

    def warm_up(self) -> None:
        """Run each network once."""
        for network in self._networks:
            network.score(np.zeros((network.input.size, network.input.size, 3), np.uint8))

    def _judged(self, scores: Sequence[float]) -> PadResult:
        score = float(np.mean(scores))
        verdict = PadVerdict.BONA_FIDE if score >= self.threshold else PadVerdict.ATTACK
        return PadResult(verdict, score, self.threshold, self.pack.name, self.pack.digest)

    def _not_judged(self, reason: NotJudged, detail: str) -> PadResult:
        verdict = PadVerdict.NOT_JUDGED
        return PadResult(verdict, None, self.threshold, self.pack.name, self.pack.digest, reason, detail)


def load_networks(directory: Path, declared: Mapping[str, Any], intra_op_threads: int = 1) -> list[Network]:
    """The networks that a manifest's entry declares, each run once. Raise PackCorrupt where one gives anything else."""
    networks = [
        _loaded(directory, entry, f"tasks.{TASK}.networks[{position}]", intra_op_threads)
        for position, entry in enumerate(_list_of(declared, "networks"))
    ]
    if not all(isinstance(network.crop, AlignedCrop) for network in networks):
        Where.of(declared)
    return networks


def _loaded(directory: Path, declared: Mapping[str, Any], where: str, intra_op_threads: int) -> Network:
    if ("expansion" in declared) == ("template" in declared):
        raise PackCorrupt(f"{where} must have either expansion or template; found {sorted(declared)}")
    is_aligned = "template" in declared
    network_input = NetworkInput.of(declared, where, is_aligned=is_aligned)
    crop: AlignedCrop | float
    if is_aligned:
        crop = AlignedCrop.of(declared, network_input, where)
    else:
        crop = number(declared["expansion"], f"{where}.expansion", least=1, most=10)
    output = declared_score(declared, where)
    path = directory / str(declared.get("file"))
    empty = np.zeros((network_input.size, network_input.size, 3), np.uint8)
    try:
        options = providers.session_options(intra_op_threads)
        model = onnx.load(path)
        without_prelu(model)  # 6 instead of 9 ms for both of MiniFASNet's
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=[providers.NAMES["cpu"]])
        network = Network(session, path, network_input, crop, output)
        network.run(empty)
    except Exception as error:  # onnxruntime's errors have no common class
        raise PackCorrupt(f"{path} is no network that takes what {where} declares: {error!r}") from error
    network.score(empty)
    return network


def _list_of(declared: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    entries = declared.get(key)
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise PackCorrupt(f"tasks.{TASK}.{key} must be a list of objects; found {entries!r}")
    return entries


def _rectangle(declared: Mapping[str, Any]) -> Rectangle:
    edges = declared.get("face")
    if not isinstance(edges, list) or len(edges) != 4:
        raise PackCorrupt(f"tasks.{TASK}.face must be left, top, right and bottom; found {edges!r}")
    left, top, right, bottom = (number(edge, f"tasks.{TASK}.face", least=-112, most=224) for edge in edges)
    if left >= right or top >= bottom:
        raise PackCorrupt(f"tasks.{TASK}.face must be left, top, right and bottom; found {edges!r}")
    return left, top, right, bottom


def _upright(image: Image, keypoints: Sequence[Point]) -> tuple[Image, tuple[Point, ...]]:
    """Turned by as many quarters as bring the face nearest to upright: by others, its corners would be black."""
    quarters = round(lean_deg(tuple(keypoints)) / 90) % 4
    height, width = image.shape[:2]
    points = tuple(keypoints)
    for _ in range(quarters):  # counter-clockwise
        points = tuple((y, width - 1 - x) for x, y in points)
        width, height = height, width
    return np.ascontiguousarray(np.rot90(image, quarters)), points


def _face(keypoints: Sequence[Point], face: Rectangle) -> Rectangle:
    """Where the face is, in pixels: the rectangle of the template at the keypoints' scale, about their middle."""
    matrix = similarity(tuple(keypoints))
    px = 1 / max(float(np.hypot(matrix[0, 0], matrix[0, 1])), 1e-9)  # points that fall into one make no face
    (x, y), (template_x, template_y) = (np.mean(points, axis=0) for points in (keypoints, ARCFACE))
    left, top, right, bottom = face
    return (
        float(x + (left - template_x) * px),
        float(y + (top - template_y) * px),
        float(x + (right - template_x) * px),
        float(y + (bottom - template_y) * px),
    )


def _crop(face: Rectangle, factor: float, width: int, height: int) -> tuple[int, int, int, int]:
    """The face enlarged about its middle and moved inside the image: left, top, right, bottom, the latter exclusive.

    To the pixel as the authors cut (Silent-Face-Anti-Spoofing, src/generate_patches.py): one moves a score by 0.003.
    """
    left, top, right, bottom = face
    across, down = (right - left) * factor, (bottom - top) * factor
    x = min(max((left + right - across) / 2, 0.0), width - 1 - across)
    y = min(max((top + bottom - down) / 2, 0.0), height - 1 - down)
    return int(x), int(y), int(x + across) + 1, int(y + down) + 1
