"""A table small enough to be worked out by hand, and one of the size of LFW."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from core.evaluations.pipeline import Pipeline
from core.packs.catalogue import PublishedFigure
from core.vocabulary import Policy, Threshold, Track
from evaluator.report import DatasetFacts, PackFacts, RunFacts, ScoreRow, ScoreTable

MakeTable = Callable[..., ScoreTable]


@pytest.fixture(scope="session")
def by_hand() -> ScoreTable:
    """Ten folds of one mated pair at 0.9 and one non-mated at 0.1, with three exceptions.

    The mated pair of fold 3 scores 0.2, the non-mated one of fold 7 scores 0.95, and the probe of the non-mated pair
    of fold 10 has no face.
    """
    rows = []
    for fold in range(1, 11):
        mated = 0.2 if fold == 3 else 0.9
        non_mated = 0.95 if fold == 7 else 0.1
        rows.append(ScoreRow(f"a{fold:02d}", f"b{fold:02d}", True, mated, fold))
        rows.append(ScoreRow(f"c{fold:02d}", f"d{fold:02d}", False, non_mated, fold))
    rows[-1] = replace(rows[-1], score=None, probe_failure="no_face")
    return ScoreTable(tuple(rows))


@pytest.fixture(scope="session")
def lfw_sized() -> MakeTable:
    """6000 pairs in ten folds, scores drawn from two normal distributions; `mean` of the mated ones."""

    def make(
        mean: float = 0.65, *, seed: int = 7, folds: bool = True, fail: bool = False, people: int | None = None
    ) -> ScoreTable:
        random = np.random.default_rng(seed)
        mated = np.tile(np.repeat([True, False], 300), 10)
        score = np.where(mated, random.normal(mean, 0.12, 6000), random.normal(0.05, 0.1, 6000))
        reason = "no_face" if fail else None
        one = random.integers(0, people or 1, 6000)
        other = np.where(mated, one, (one + random.integers(1, people, 6000)) % people) if people else one
        rows = (
            ScoreRow(
                f"Ada_Lovelace/Ada_Lovelace_{i:04d}.jpg",
                f"Jean-Pierre_Raffarin/Jean-Pierre_Raffarin_{i % 4000:04d}.jpg",
                mated=bool(mated[i]),
                score=None if fail else float(score[i]),
                fold=i // 600 + 1 if folds else None,
                reference_failure=reason,
                probe_failure=reason,
                reference_subject=f"p{one[i]}" if people else None,
                probe_subject=f"p{other[i]}" if people else None,
            )
            for i in range(6000)
        )
        return ScoreTable(tuple(rows))

    return make


@pytest.fixture(scope="session")
def facts() -> RunFacts:
    """A run on LFW with everything that can be said of it."""
    pack = PackFacts(
        name="opencv-zoo",
        digest="d" * 64,
        licence="MIT and Apache-2.0",
        commercial_use=True,
        threshold=Threshold(0.363, "OpenCV Zoo's default"),
        published=(
            PublishedFigure("lfw", "accuracy", 99.42, "images aligned with YuNet", "OpenCV Zoo"),
            PublishedFigure("calfw", "accuracy", 90.0, "aligned", "nobody"),
        ),
    )
    return RunFacts(
        run_id="run_1",
        created_at=0.0,
        dataset=DatasetFacts("lfw", "lfw", Track.RAW, "e" * 64, ("a note",)),
        pack=pack,
        pipeline=Pipeline(
            "opencv-zoo", "d" * 64, Track.RAW, False, Policy.LARGEST, 320, 0.5, 24, "CPUExecutionProvider"
        ),
        engine={"provider": "CPUExecutionProvider"},
        software={"likeness": "0.1.0", "python": "3.11"},
        timings={"wall_s": 12.5},
    )


@pytest.fixture
def good(by_hand: ScoreTable) -> ScoreTable:
    """Mated 0.9, non-mated 0.1, nothing wrong."""
    return ScoreTable(tuple(replace(row, score=0.9 if row.mated else 0.1, probe_failure=None) for row in by_hand.rows))
