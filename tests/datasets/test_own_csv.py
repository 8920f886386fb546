import string
from collections.abc import Callable
from contextlib import suppress
from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evaluator.datasets import (
    DatasetInvalid,
    Pair,
    PairList,
    canonical_csv,
    parse_csv,
    parse_lfw,
    parse_two_lines,
)


def faults_of(text: str) -> list[str]:
    with pytest.raises(DatasetInvalid) as raised:
        parse_csv(text.encode())
    return [str(fault).removeprefix("pairs.csv:").strip() for fault in raised.value.faults]


def test_the_smallest_list_has_three_columns() -> None:
    assert parse_csv(b"reference,probe,mated\na.jpg,b.jpg,1\na.jpg,c.jpg,false\n") == PairList(
        (Pair("a.jpg", "b.jpg", True, None, ()), Pair("a.jpg", "c.jpg", False, None, ()))
    )


def test_other_columns_are_groups_and_columns_are_found_by_name() -> None:
    text = "sex,probe,fold,reference,mated,age band\nf,b.jpg,3,a.jpg,TRUE,40-50\nm,d.jpg,4,c.jpg,0,\n"
    assert parse_csv(text.encode()) == PairList(
        (Pair("a.jpg", "b.jpg", True, 3, ("f", "40-50")), Pair("c.jpg", "d.jpg", False, 4, ("m", ""))),
        ("sex", "age band"),
    )


def test_spreadsheets_are_understood() -> None:
    text = '\ufeffreference,probe,mated,where\r\n\r\n"x/a, b.jpg", c.jpg ,1,"here, or ""there"""\r\n,,,\r\n'
    pairs = parse_csv(text.encode())
    assert pairs.pairs == (Pair("x/a, b.jpg", "c.jpg", True, None, ('here, or "there"',)),)
    assert pairs.lines == (3,)


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("a.jpg,b.jpg,1", "1: the header lacks reference, probe, mated; it has a.jpg, b.jpg, 1"),
        ("reference,probe", "1: the header lacks mated; it has reference, probe"),
        ("reference,probe,mated,sex,sex", "1: the header has 'sex' twice, empty or with control characters"),
        ("reference,probe,mated,", "1: the header has '' twice, empty or with control characters"),
    ],
)
def test_a_header_that_does_not_name_its_columns_is_a_fault(header: str, what: str) -> None:
    assert faults_of(header + "\na.jpg,b.jpg,1,x,x\n") == [what]


def test_an_empty_file_is_a_fault() -> None:
    assert faults_of("\n ,\n") == ["1: the header lacks reference, probe, mated; it has nothing"]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("a.jpg,b.jpg,yes,1", "mated is 'yes'; it must be 1, 0, true or false"),
        ("a.jpg,b.jpg,,1", "mated is ''; it must be 1, 0, true or false"),
        ("a.jpg,b.jpg,1,first", "fold is 'first'; it must be a whole number"),
        ("a.jpg,b.jpg,1,", "fold is ''; it must be a whole number"),
        ("a.jpg,b.jpg,1,1,x", "5 columns, where the header has 4"),
        ("a.jpg,b.jpg,1", "3 columns, where the header has 4"),
        ("a.jpg,a.jpg,1,1", "a.jpg is paired with itself"),
        (",b.jpg,1,1", "the image id '' has a part ''"),
        ("../a.jpg,/b.jpg,1,1", "the image id '../a.jpg' has a part '..'; the image id '/b.jpg' has a part ''"),
        ("a\\b.jpg,b.jpg,1,1", "the image id 'a\\\\b.jpg' has a backslash; folders are separated by /"),
        (f"{'a' * 513},b.jpg,1,1", f"the image id '{'a' * 513}' is longer than 512 bytes"),
        ("b.jpg,a.jpg,1,1", "the pair b.jpg and a.jpg repeats line 2 and contradicts it"),
    ],
)
def test_a_bad_row_is_named_by_its_line(row: str, what: str) -> None:
    assert faults_of(f"reference,probe,mated,fold\na.jpg,b.jpg,0,1\n{row}\n") == [f"3: {what}"]


def test_a_quoted_line_break_is_a_fault_and_a_quote_left_open_too() -> None:
    assert faults_of('reference,probe,mated\n"a\nb.jpg",b.jpg,1\n') == [
        "3: the image id 'a\\nb.jpg' has control characters"
    ]
    assert faults_of('reference,probe,mated,sex\na.jpg,b.jpg,1,"x\ny"\n') == ["3: a group has control characters"]
    assert faults_of('reference,probe,mated\na.jpg,b.jpg,1\nc.jpg,"d.jpg,1\n')[0].startswith("3: cannot be read on")


def test_a_header_alone_has_no_pairs() -> None:
    assert faults_of("reference,probe,mated\n\n") == ["the list must have at least one pair; found none"]


WORD = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="/\\"),
    min_size=1,
    max_size=12,
).filter(lambda text: text == text.strip() and text not in (".", "..") and not text.startswith("\ufeff"))
IMAGE_ID = st.lists(WORD, min_size=1, max_size=3).map("/".join)
GROUP = WORD | st.just("")


@st.composite
def pair_lists(draw: st.DrawFn) -> PairList:
    images = draw(st.lists(IMAGE_ID, min_size=2, max_size=5, unique=True))
    trials = draw(st.lists(st.sampled_from(list(combinations(images, 2))), min_size=1, unique=True))
    taken = ("reference", "probe", "mated", "fold")
    names = draw(st.lists(WORD.filter(lambda name: name not in taken), max_size=2, unique=True))
    fold = st.integers(0, 999_999_999) if draw(st.booleans()) else st.none()
    pairs = (Pair(*trial, draw(st.booleans()), draw(fold), tuple(draw(GROUP) for _ in names)) for trial in trials)
    return PairList(tuple(pairs), tuple(names))


@given(pair_lists())
def test_the_canonical_form_reads_back_as_the_same_pairs(pairs: PairList) -> None:
    canonical = canonical_csv(pairs)
    assert parse_csv(canonical) == pairs
    assert canonical_csv(parse_csv(canonical)) == canonical


def test_the_canonical_form_is_this() -> None:
    pairs = PairList((Pair("a.jpg", "b, c.jpg", True, 1, ("x",)), Pair("a.jpg", "d.jpg", False, 2, ('"',))), ("sex",))
    assert canonical_csv(pairs) == b'reference,probe,mated,fold,sex\na.jpg,"b, c.jpg",1,1,x\na.jpg,d.jpg,0,2,""""\n'


TEXT = st.text(string.printable + "\x00\ufeff\u2028\u0661", max_size=200)


@pytest.mark.parametrize("parse", [parse_lfw, parse_csv, lambda body: parse_two_lines(body, "pairs")])
@given(body=TEXT.map(str.encode) | st.binary(max_size=200))
@example(body=b"1\t1\na 1 2\n")
@example(body=b"reference,probe,mated\na,b," + b"1" * 200_000)
@example(body=b'reference,probe,mated\n"a"b,c,1\n')
def test_whatever_the_bytes_the_answer_is_pairs_or_named_faults(
    parse: Callable[[bytes], PairList], body: bytes
) -> None:
    with suppress(DatasetInvalid):
        pairs = parse(body)
        assert parse_csv(canonical_csv(pairs)).pairs == pairs.pairs
