"""A benchmark as its owners hand it out, read and checked, before it is stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.vocabulary import Track
from evaluator.datasets.cfp import read_cfp
from evaluator.datasets.faults import DatasetInvalid, Fault
from evaluator.datasets.insightface_bin import read_bin
from evaluator.datasets.lfw import parse_lfw
from evaluator.datasets.names import NameList, with_groups
from evaluator.datasets.own_csv import parse_csv
from evaluator.datasets.pairs import PairList
from evaluator.datasets.recognised import what_it_is
from evaluator.datasets.sources import Archive, ImageSource
from evaluator.datasets.two_lines import parse_two_lines

Kind = Literal["lfw", "calfw", "cplfw", "csv", "cfp-ff", "cfp-fp", "bin", "sample"]
ListKind = Literal["lfw", "calfw", "cplfw", "csv"]
CfpKind = Literal["cfp-ff", "cfp-fp"]

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
    kind: ListKind,
    pairs: Path,
    archive: Path,
    *,
    under: str = "",
    track: Track = Track.RAW,
    names: Sequence[Path] = (),
) -> Benchmark:
    """A pair list, and an archive or a directory. `under` names the folder to take images from, if need be.

    `names` are lists of names, each of which is a group; they give the sides of each pair their groups. Raise
    DatasetInvalid with every fault of the lists, or with what the pair list is, if it is known as another; the images
    are looked at when they are imported.
    """
    listed = _parsed(kind, _read(pairs), pairs.name)
    if names:
        listed = with_groups(listed, [NameList.read(_read(path), path.name) for path in names])
    return Benchmark(kind, track, listed, Archive(archive, under))


def _parsed(kind: ListKind, body: bytes, source: str) -> PairList:
    try:
        return PARSERS[kind](body, source)
    except DatasetInvalid as error:
        if known := what_it_is(body, kind):
            raise DatasetInvalid([Fault(source, None, f"is not read as {kind}: this is {known}")]) from error
        raise


def read_cfp_benchmark(kind: CfpKind, archive: Path) -> Benchmark:
    """The archive of Celebrities in Frontal-Profile as published, or its directory. Raise DatasetInvalid."""
    source = Archive(archive)
    return Benchmark(kind, Track.RAW, read_cfp(source, "FP" if kind == "cfp-fp" else "FF"), source)


def read_bin_benchmark(path: Path) -> Benchmark:
    """One of InsightFace's `.bin` files: pairs and aligned crops in one. Raise DatasetInvalid."""
    return Benchmark("bin", Track.ALIGNED, *read_bin(path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DatasetInvalid([Fault(path.name, None, f"cannot be read: {error.strerror}")]) from error
