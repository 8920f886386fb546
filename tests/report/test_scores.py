from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.report import ScoreFileInvalid, ScoreRow, ScoreTable, from_csv

HEADER = "reference,probe,mated,fold,score,reference_failure,probe_failure\n"

ids = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1)
scores = st.floats(allow_nan=False, allow_infinity=False)


def test_the_file_looks_like_this() -> None:
    rows = (
        ScoreRow("a/1.jpg", "b/1.jpg", True, 0.1 + 0.2, 1, ("f", "18-64")),
        ScoreRow("a,2", 'b"2', False, None, 10, ("m", ""), "no_face", None),
    )
    assert ScoreTable(rows, ("gender", "age")).csv.decode() == (
        "reference,probe,mated,fold,gender,age,score,reference_failure,probe_failure\n"
        "a/1.jpg,b/1.jpg,1,1,f,18-64,0.30000000000000004,,\n"
        '"a,2","b""2",0,10,m,,,no_face,\n'
    )


@given(st.lists(st.tuples(ids, ids, st.booleans(), scores, ids), min_size=1), st.booleans())
def test_a_table_comes_back_exactly_as_it_was(rows: list[tuple[str, str, bool, float, str]], folded: bool) -> None:
    table = ScoreTable(
        tuple(ScoreRow(r, p, mated, s, i if folded else None, (g,)) for i, (r, p, mated, s, g) in enumerate(rows)),
        ("group",),
    )
    assert from_csv(table.csv) == table
    assert from_csv(table.csv).csv == table.csv


def test_a_failure_to_acquire_comes_back_with_its_side_and_reason(by_hand: ScoreTable) -> None:
    assert from_csv(by_hand.csv) == by_hand
    assert by_hand.rows[-1].probe_failure == "no_face"
    assert by_hand.failures["d10"] == "no_face"
    assert sum(reason is None for reason in by_hand.failures.values()) == 39


def test_the_arrays_for_the_metrics_are_the_rows(by_hand: ScoreTable) -> None:
    found = by_hand.score_set
    assert found.mated.sum() == 10
    assert np.flatnonzero(~found.acquired).tolist() == [19]
    assert found.fold is not None
    assert found.fold.tolist() == [row.fold for row in by_hand.rows]
    assert found.group is None


def test_group_columns_have_names_and_one_becomes_the_label() -> None:
    rows = ScoreRow("a", "c", True, 0.9, None, ("x", "1")), ScoreRow("b", "d", False, 0.1, None, ("y", "2"))
    table = ScoreTable(rows, ("g", "h"))
    group = table.grouped("h").group
    assert group is not None
    assert group.tolist() == ["1", "2"]
    assert table.score_set.group is None


def test_a_file_that_went_through_a_spreadsheet_is_still_read(by_hand: ScoreTable) -> None:
    body = b"\xef\xbb\xbf" + by_hand.csv.replace(b"\n", b"\r\n") + b"\r\n"
    assert from_csv(body) == by_hand


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the header is ''"),
        ("reference,probe,score\n", "line 1: the header is 'reference,probe,score'"),
        (HEADER.replace("fold,", "fold,score,"), "the file must have at least one pair"),
        (HEADER.replace("fold,", "fold,score,") + "a,b,1,,x,0.5,,\n", "line 1: a group must not be called 'score'"),
        (HEADER, "the file must have at least one pair"),
        (HEADER + "a,b,1,,0.5,\n", "line 2: 6 columns, the header has 7"),
        (HEADER + "a,b,yes,,0.5,,\n", "line 2: mated is 'yes'"),
        (HEADER + "a,b,1,one,0.5,,\n", "line 2: fold is 'one'"),
        (HEADER + "a,b,1,,0.5,,\na,c,1,,1_0,,\n", "line 3: score is '1_0'"),
        (HEADER + "a,b,1,,nan,,\n", "line 2: score is 'nan'"),
        (HEADER + "a,b,1,,1e999,,\n", "line 2: score is inf, it must be finite"),
        (HEADER + "a,b,1,,,,\n", "line 2: a pair must have a score, or a reason why not"),
        (
            HEADER + "a,b,1,,0.5,no_face,\n",
            "line 2: a pair with a failure to acquire must have an empty score; found 0.5",
        ),
        (HEADER + "a,b,1,1,0.5,,\n\nc,d,1,,0.5,,\n", "line 4: either every pair has a fold or none has"),
        (
            HEADER + "a,b,1,,,no_face,\na,c,1,,0.5,,\n",
            r"line 3: a was acquired, but not acquired \(no_face\) in an ear",
        ),
        (HEADER + 'a,"b\nc",1,,0.5,,\n', "line 3: .* has control characters"),
        (HEADER + ",b,1,,0.5,,\n", "line 2: each image must have an id"),
        (HEADER + 'a,"b,1,,0.5,,\n', "line 2: unexpected end of data"),
    ],
)
def test_what_is_wrong_with_a_file_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ScoreFileInvalid, match=message):
        from_csv(text.encode())


def test_bytes_that_are_no_text_are_named_with_their_line() -> None:
    with pytest.raises(ScoreFileInvalid, match="line 2: is not UTF-8"):
        from_csv(HEADER.encode() + b"\xff")


def test_a_table_that_could_not_be_written_is_refused() -> None:
    row = ScoreRow("a", "b", True, 0.5)
    with pytest.raises(ValueError, match="a group must not be called 'fold'"):
        ScoreTable((replace(row, groups=("x",)),), ("fold",))
    with pytest.raises(ValueError, match="row 0: 1 groups, where there are 0 names"):
        ScoreTable((replace(row, groups=("x",)),))
    with pytest.raises(ValueError, match="row 1: score is nan"):
        ScoreTable((row, replace(row, score=float("nan"))))


def test_who_is_on_the_images_stands_in_the_last_two_columns_and_comes_back() -> None:
    rows = (
        ScoreRow("a.jpg", "b.jpg", True, 0.9, reference_subject="Ada", probe_subject="Ada"),
        ScoreRow("a.jpg", "c.jpg", False, None, None, (), None, "no_face", "Ada", "Bo"),
    )
    table = ScoreTable(rows)
    assert table.csv == (
        b"reference,probe,mated,fold,score,reference_failure,probe_failure,reference_subject,probe_subject\n"
        b"a.jpg,b.jpg,1,,0.9,,,Ada,Ada\na.jpg,c.jpg,0,,,,no_face,Ada,Bo\n"
    )
    assert from_csv(table.csv) == table
    assert table.score_set.reference_subject is not None
    assert table.score_set.reference_subject.tolist() == ["Ada", "Ada"]


def test_a_file_without_subjects_is_the_same_bytes_as_before(by_hand: ScoreTable) -> None:
    assert b"subject" not in by_hand.csv
    assert from_csv(by_hand.csv).csv == by_hand.csv
    assert by_hand.score_set.probe_subject is None


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,b,1,,0.9,,,Ada,Bo", "line 2: mated is 1, but the subjects are 'Ada' and 'Bo'"),
        ("a,b,1,,0.9,,,Ada,", "line 2: either every pair names both its subjects or none does"),
        ("a,b,1,,0.9,,,,", "line 2: reference_subject is empty"),
    ],
)
def test_subjects_that_are_missing_or_contradict_are_named_by_line(row: str, message: str) -> None:
    header = "reference,probe,mated,fold,score,reference_failure,probe_failure,reference_subject,probe_subject"
    with pytest.raises(ScoreFileInvalid, match=message):
        from_csv(f"{header}\n{row}\n".encode())
