"""A benchmark as its owners hand it out, read and checked, before it is stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.vocabulary import Track
from evaluator.datasets.faults import DatasetInvalid, Fault
from evaluator.datasets.insightface_bin import read_bin
from evaluator.datasets.lfw import parse_lfw
from evaluator.datasets.own_csv import parse_csv
from evaluator.datasets.pairs import PairList
from evaluator.datasets.sources import Archive, ImageSource
from evaluator.datasets.two_lines import parse_two_lines

Kind = Literal["lfw", "calfw", "cplfw", "csv", "bin", "sample"]

PARSERS: Mapping[str, Callable[[bytes, str], PairList]] = {
    "lfw": parse_lfw,
    "calfw": parse_two_lines,
    "cplfw": parse_two_lines,
    "csv": parse_csv,
}


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark as its authors publish it, before it is imported."""

    #: Which of the forms it was read from.
    kind: Kind
    track: Track
    pairs: PairList
    #: Where they come from.
    images: ImageSource


def read_benchmark(
    kind: Literal["lfw", "calfw", "cplfw", "csv"],
    pairs: Path,
    archive: Path,
    *,
    under: str = "",
    track: Track = Track.RAW,
) -> Benchmark:
    """A pair list, and an archive or a directory. `under` names the folder to take images from, if need be.

    Raise DatasetInvalid with every fault of the list; the images are looked at when they are imported.
    """
    return Benchmark(kind, track, PARSERS[kind](_read(pairs), pairs.name), Archive(archive, under))


def read_bin_benchmark(path: Path) -> Benchmark:
    """One of InsightFace's `.bin` files: pairs and aligned crops in one. Raise DatasetInvalid."""
    return Benchmark("bin", Track.ALIGNED, *read_bin(path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DatasetInvalid([Fault(path.name, None, f"cannot be read: {error.strerror}")]) from error
