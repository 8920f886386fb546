"""The `sample` data set: a handful of photographs, so that a run works on a fresh machine within a minute."""

from itertools import combinations
from pathlib import Path

from core.vocabulary import Track
from evaluator.datasets.benchmark import Benchmark
from evaluator.datasets.pairs import Pair, PairList
from evaluator.datasets.sources import Archive

SUBJECTS = {
    "obama.jpg": "Barack Obama",
    "obama2.jpg": "Barack Obama",
    "obama3.jpg": "Barack Obama",
    "obama_partial_face.jpg": "Barack Obama",
    "obama_partial_face2.jpg": "Barack Obama",
    "32bit.png": "Barack Obama",
    "biden.jpg": "Joe Biden",
}
NOTES = (
    "It shows that a run works; its figures say nothing about accuracy.",
    "32bit.png is obama2.jpg with an alpha channel; the partial faces are the two halves of obama.jpg.",
)


def sample_benchmark(directory: Path) -> Benchmark:
    """Every pair of the sample photographs in `directory`: 15 mated, 6 non-mated, no folds."""
    pairs = tuple(Pair(a, b, SUBJECTS[a] == SUBJECTS[b], None, ()) for a, b in combinations(SUBJECTS, 2))
    return Benchmark(
        "sample", Track.RAW, PairList(pairs, notes=NOTES, subjects=SUBJECTS, source="sample"), Archive(directory)
    )
