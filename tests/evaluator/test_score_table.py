"""From embeddings and a pair list to the score file: who is on the images comes from the list."""

import numpy as np

from core.evaluations.parts import failure_reason
from evaluator.datasets import Pair, PairList
from evaluator.report import from_csv
from evaluator.runs.assembly import score_table
from evaluator.runs.parts import Embedded

PAIRS = (Pair("a.jpg", "b.jpg", True, None, ()), Pair("a.jpg", "c.jpg", False, None, ()))
EMBEDDED = Embedded(
    rows={"a.jpg": 0, "b.jpg": 1, "c.jpg": 2},
    embeddings=np.array([[1, 0], [1, 0], [0, 0]], np.float32),
    acquired=np.array([True, True, False]),
    reasons=(None, None, failure_reason("no_face")),
    engine={},
    software={},
    measures={},
)


def test_the_subjects_of_a_list_are_in_the_last_columns_of_its_scores() -> None:
    subjects = {"a.jpg": "Ada", "b.jpg": "Ada", "c.jpg": "Bo"}
    table = score_table(EMBEDDED, PairList(PAIRS, subjects=subjects))
    assert table.csv.decode().splitlines()[1:] == ["a.jpg,b.jpg,1,,1.0,,,Ada,Ada", "a.jpg,c.jpg,0,,,,no_face,Ada,Bo"]
    assert from_csv(table.csv) == table


def test_a_list_without_subjects_makes_the_file_of_before() -> None:
    lines = score_table(EMBEDDED, PairList(PAIRS)).csv.decode().splitlines()
    assert lines[0] == "reference,probe,mated,fold,score,reference_failure,probe_failure"
    assert lines[1] == "a.jpg,b.jpg,1,,1.0,,"
