"""The pairs of a score table by their groups."""

from collections.abc import Iterator

import numpy as np

from evaluator.metrics import GroupMatrix, InsufficientData, Labels, Scores, ScoreSet, group_matrix
from evaluator.report.scores import PROBE, REFERENCE, ScoreTable


def labelled(table: ScoreTable) -> Iterator[tuple[str, ScoreSet]]:
    """Each group column with the scores of its pairs, labelled; two columns of the sides are one.

    Columns of the pairs come first, in their order.
    """
    of_sides = {f"{side}{name}" for name in table.sided for side in (REFERENCE, PROBE)}
    yield from ((name, table.grouped(name)) for name in table.group_names if name not in of_sides)
    for name in table.sided:
        if (scores := table.across(name)) is not None:
            yield name, scores


def matrices(table: ScoreTable, threshold: float) -> dict[str, GroupMatrix | InsufficientData]:
    """For each group that both sides have a column of: the FMR of every two labels at one threshold."""
    return {
        name: group_matrix(
            table.score_set, _side(table, f"{REFERENCE}{name}"), _side(table, f"{PROBE}{name}"), threshold
        )
        for name in table.sided
    }


def scores_by_group(table: ScoreTable) -> dict[str, tuple[Scores, Scores]]:
    """The mated and the non-mated scores of each group, by column=label."""
    found: dict[str, tuple[Scores, Scores]] = {}
    for name, scores in labelled(table):
        assert scores.group is not None
        for label in np.unique(scores.group):
            of_label = (scores.group == label) & scores.acquired
            found[f"{name}={label}"] = (scores.score[of_label & scores.mated], scores.score[of_label & ~scores.mated])
    return found


def _side(table: ScoreTable, column: str) -> Labels:
    place = table.group_names.index(column)
    return np.array([row.groups[place] for row in table.rows], dtype=np.str_)
