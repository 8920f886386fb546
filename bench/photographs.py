"""The photographs that are compared, and a benchmark cut out of them where LFW is not at hand."""

import csv
import random
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from worker.engine.contract import Image

BOUNDARY = "likeness-bench-4d7a1f"

PAIRS = (
    ("obama.jpg", "obama2.jpg"),
    ("obama.jpg", "biden.jpg"),
    ("obama3.jpg", "obama_partial_face.jpg"),
    ("biden.jpg", "obama2.jpg"),
)
FACES = ("obama.jpg", "obama2.jpg", "biden.jpg", "obama3.jpg")


@dataclass(frozen=True)
class Pair:
    """Two photographs as they are uploaded."""

    reference: bytes
    probe: bytes

    @cached_property
    def form(self) -> bytes:
        """Both as the body of a multipart form."""
        parts = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n".encode()
            + body
            + b"\r\n"
            for name, body in (("reference", self.reference), ("probe", self.probe))
        )
        return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def sample_pairs(samples: Path) -> list[Pair]:
    """Mated and non-mated pairs of the sample photographs, as they are."""
    return [Pair((samples / a).read_bytes(), (samples / b).read_bytes()) for a, b in PAIRS]


def small_pairs(samples: Path) -> list[Pair]:
    """The same faces as images of 250 x 250 pixels, LFW's size."""
    bodies = {name: _encoded(_portrait(samples / name)) for name in FACES}
    return [Pair(bodies["obama.jpg"], bodies["obama2.jpg"]), Pair(bodies["biden.jpg"], bodies["obama3.jpg"])]


def pairs_of_bytes(samples: Path, size: int) -> list[Pair]:
    """A pair of photographs of about so many bytes each: encoded again, at the quality that comes nearest."""
    return [Pair(*(_of_bytes(samples / name, size) for name in ("obama.jpg", "biden.jpg")))]


def write_stand_in(samples: Path, folder: Path, *, images: int) -> tuple[Path, Path]:
    """An archive of portraits cut from the samples, each a little different, and its pair list in CSV.

    It costs what LFW costs, image by image, and says nothing about accuracy: it shows two people.
    """
    dice = random.Random(20261123)  # noqa: S311
    archive, pairs = folder / "stand-in.zip", folder / "stand-in.csv"
    with zipfile.ZipFile(archive, "w") as members:
        for number in range(images):
            portrait = _portrait(samples / FACES[number % len(FACES)], dice)
            members.writestr(f"{number:05d}.jpg", _encoded(portrait))
    with pairs.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["reference", "probe", "mated", "fold"])
        writer.writerows(_stand_in_pairs(images))
    return archive, pairs


def _stand_in_pairs(images: int) -> Iterator[tuple[str, str, int, int]]:
    people = [FACES[number % len(FACES)] == "biden.jpg" for number in range(images)]
    for number in range(images - 3):
        for step in (1, 2):
            mated = people[number] == people[number + step]
            yield f"{number:05d}.jpg", f"{number + step:05d}.jpg", int(mated), number * 10 // images


def _portrait(path: Path, dice: random.Random | None = None) -> Image:
    """The upper square of a photograph at 250 x 250; with dice, moved, scaled and lit at random."""
    image = cv2.imread(str(path))
    assert image is not None, path
    side = min(image.shape[:2])
    scale = 250 / side
    move = np.array([[scale, 0, 0], [0, scale, 0]], np.float64)
    if dice:
        move = move * dice.uniform(0.9, 1.05)
        move[:, 2] = dice.uniform(-8, 8), dice.uniform(-8, 8)
    portrait: Image = cv2.warpAffine(image, move, (250, 250), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    if dice:
        portrait = np.clip(portrait * dice.uniform(0.8, 1.2), 0, 255).astype(np.uint8)
    return portrait


def _of_bytes(path: Path, size: int) -> bytes:
    image = cv2.imread(str(path))
    assert image is not None, path
    return min((_encoded(image, quality) for quality in range(30, 100)), key=lambda body: abs(len(body) - size))


def _encoded(image: Image, quality: int = 92) -> bytes:
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
