from itertools import pairwise

import pytest

from evaluator.datasets import DatasetInvalid, Pair, parse_lfw

GOOD = [
    "2\t2",
    "Ada\t1\t2",
    "Bo\t1\t12",
    "Ada\t1\tBo\t1",
    "Ada\t2\tBo\t2",
    "Cy\t1\t2",
    "Di\t1\t2",
    "Cy\t1\tDi\t1",
    "Cy\t2\tDi\t2",
]


def text(lines: list[str]) -> bytes:
    return "\n".join(lines).encode() + b"\n"


def faults_of(lines: list[str]) -> list[str]:
    with pytest.raises(DatasetInvalid) as raised:
        parse_lfw(text(lines))
    return [str(fault).removeprefix("pairs.txt:") for fault in raised.value.faults]


def with_line(number: int, line: str) -> list[str]:
    """GOOD with another line in this place."""
    return [line if n == number else old for n, old in enumerate(GOOD, 1)]


def test_names_and_numbers_become_image_ids_and_folds_count_from_one() -> None:
    pairs = parse_lfw(text(GOOD))
    assert pairs.pairs == (
        Pair("Ada/Ada_0001.jpg", "Ada/Ada_0002.jpg", True, 1, ()),
        Pair("Bo/Bo_0001.jpg", "Bo/Bo_0012.jpg", True, 1, ()),
        Pair("Ada/Ada_0001.jpg", "Bo/Bo_0001.jpg", False, 1, ()),
        Pair("Ada/Ada_0002.jpg", "Bo/Bo_0002.jpg", False, 1, ()),
        Pair("Cy/Cy_0001.jpg", "Cy/Cy_0002.jpg", True, 2, ()),
        Pair("Di/Di_0001.jpg", "Di/Di_0002.jpg", True, 2, ()),
        Pair("Cy/Cy_0001.jpg", "Di/Di_0001.jpg", False, 2, ()),
        Pair("Cy/Cy_0002.jpg", "Di/Di_0002.jpg", False, 2, ()),
    )
    assert pairs.folds == 2
    assert pairs.lines == tuple(range(2, 10))


def test_windows_line_ends_a_byte_order_mark_and_blank_lines_do_no_harm() -> None:
    body = b"\xef\xbb\xbf" + text(GOOD).replace(b"\n", b"\r\n") + b"\r\n\r\n"
    assert parse_lfw(body) == parse_lfw(text(GOOD))


@pytest.mark.parametrize("header", ["10", "ten\t300", "0\t300", "10\t-1", "Ada\t1\t2", "10\t300\t1"])
def test_a_header_that_promises_nothing_is_a_fault(header: str) -> None:
    assert faults_of([header, *GOOD[1:]]) == [
        "1: the header must say how many folds there are, and how many pairs of each kind"
    ]


def test_an_empty_list_is_a_fault() -> None:
    assert faults_of([]) == ["1: the header must say how many folds there are, and how many pairs of each kind"]
    assert faults_of(["2\t2"]) == ["1: the list ends within fold 1, before its mated pairs"]


def test_a_short_fold_is_named_with_its_first_line() -> None:
    assert faults_of(GOOD[:2] + GOOD[3:]) == ["2: fold 1 has 1 mated pairs, not 2"]
    assert faults_of(GOOD[:-1]) == ["8: fold 2 has 1 non-mated pairs, not 2"]


def test_a_list_that_ends_early_says_where() -> None:
    assert faults_of(GOOD[:5]) == ["5: the list ends within fold 2, before its mated pairs"]
    assert faults_of(GOOD[:7]) == ["7: the list ends within fold 2, before its non-mated pairs"]


def test_a_list_that_begins_with_non_mated_pairs_lacks_mated_ones() -> None:
    assert "4: fold 1 has 0 mated pairs, not 2" not in faults_of(GOOD[:1] + GOOD[3:])
    assert "2: fold 1 has 0 mated pairs, not 2" in faults_of(GOOD[:1] + GOOD[3:])


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("Ada 1", "2 columns; a mated pair has 3, a non-mated one 4"),
        ("Ada 1 Bo 2 3", "5 columns; a mated pair has 3, a non-mated one 4"),
        ("Ada\tone\tBo\t1", "'one' is not an image number: a whole number from 1"),
        ("Ada\t1\tBo\t0", "'0' is not an image number: a whole number from 1"),
        ("Ada\t1\tBo\t-2", "'-2' is not an image number: a whole number from 1"),
        ("Ada\t1\tBo\t\u0661", "'\u0661' is not an image number: a whole number from 1"),
        ("Ada\t1\tAda\t2", "a non-mated pair of Ada with Ada"),
        ("Ada/..\t1\tBo\t1", "the image id 'Ada/../Ada/.._0001.jpg' has a part '..'"),
    ],
)
def test_a_bad_line_is_named_once(line: str, what: str) -> None:
    assert faults_of(with_line(4, line)) == [f"4: {what}"]
    assert faults_of(with_line(5, line)) == [f"5: {what}"]


def test_a_pair_of_an_image_with_itself_is_a_fault() -> None:
    assert faults_of(with_line(2, "Ada\t1\t1")) == ["2: Ada/Ada_0001.jpg is paired with itself"]


@pytest.mark.parametrize("again", ["Ada\t1\tBo\t1", "Bo\t1\tAda\t1"])
def test_a_pair_that_comes_again_is_a_fault_in_either_order(again: str) -> None:
    reference, probe = (f"{name}/{name}_0001.jpg" for name in again.split()[::2])
    assert faults_of(with_line(5, again)) == [f"5: the pair {reference} and {probe} repeats line 4"]


def test_a_mated_line_between_non_mated_ones_is_one_fault() -> None:
    lines = ["1\t3", "A\t1\t2", "B\t1\t2", "C\t1\t2", "A\t1\tB\t1", "D\t1\t2", "A\t1\tC\t1", "B\t1\tC\t1"]
    assert faults_of(lines) == ["6: a mated pair among non-mated ones"]


def test_what_follows_the_last_fold_is_a_fault() -> None:
    assert faults_of([*GOOD, "Ada\t1\t3", "Ada\t1\tBo\t3"]) == [
        "10: 1 mated pairs follow after the last of 2 folds",
        "11: 1 non-mated pairs follow after the last of 2 folds",
    ]
    assert faults_of([*GOOD, "the end"]) == [
        "10: 2 columns; a mated pair has 3, a non-mated one 4",
        "10: 1 mated pairs follow after the last of 2 folds",
    ]


def test_all_faults_are_named_in_the_order_of_their_lines() -> None:
    lines = with_line(3, "Bo\tx\t2")
    lines[6] = "Cy\t1\t2"
    lines[8] = "Cy"
    assert faults_of(lines) == [
        "3: 'x' is not an image number: a whole number from 1",
        "7: the pair Cy/Cy_0001.jpg and Cy/Cy_0002.jpg repeats line 6",
        "9: 1 columns; a mated pair has 3, a non-mated one 4",
    ]


def test_bytes_that_are_no_text_are_named_by_line() -> None:
    with pytest.raises(DatasetInvalid, match=r"pairs\.txt:2: is not UTF-8 text"):
        parse_lfw(b"1\t1\nAda\xff\t1\t2\n")


def test_the_message_has_twenty_faults_and_counts_the_rest() -> None:
    with pytest.raises(DatasetInvalid) as raised:
        parse_lfw(text(["1\t25", *(f"Ada\t0\t{n}" for n in range(1, 26)), *(f"A\t{n}\tB\t1" for n in range(1, 26))]))
    assert len(raised.value.faults) == 25
    lines = str(raised.value).splitlines()
    assert lines[0] == "pairs.txt:2: '0' is not an image number: a whole number from 1"
    assert lines[19:] == ["pairs.txt:21: '0' is not an image number: a whole number from 1", "... and 5 more"]


def whole(separator: str, header: str) -> bytes:
    """Ten folds of 300 pairs of each kind; in the CSV form a mated pair's fourth column is empty."""
    lines = [header]
    for fold in range(10):
        people = [f"P{fold}_{n}" for n in range(301)]
        mated = [[name, "1", "2"] for name in people[:300]]
        if separator == ",":
            mated = [[*columns, ""] for columns in mated]
        lines += [separator.join(columns) for columns in mated]
        lines += [separator.join((one, "1", other, "1")) for one, other in pairwise(people)]
    return "\r\n".join([*lines, ""]).encode()


@pytest.mark.parametrize(
    "header", ["name,imagenum1,imagenum2,", "name,imagenum1,imagenum2,imagenum3", "name,imagenum1,imagenum2"]
)
def test_the_csv_form_of_public_mirrors_has_the_same_pairs_and_folds_as_the_list(header: str) -> None:
    published, mirrored = parse_lfw(whole("\t", "10\t300")), parse_lfw(whole(",", header), "pairs.csv")
    assert mirrored.pairs == published.pairs
    assert len(mirrored.pairs) == 6000
    assert mirrored.lines == published.lines
    assert published.notes == ()
    assert mirrored.notes == (
        "The list gives no folds: ten of 300 mated and then 300 non-mated pairs were taken in order, as in pairs.txt.",
    )


def test_a_csv_form_that_is_short_names_the_fold() -> None:
    body = whole(",", "name,imagenum1,imagenum2,").split(b"\r\n")
    with pytest.raises(DatasetInvalid, match=r"pairs.csv:2: fold 1 has 299 mated pairs, not 300"):
        parse_lfw(b"\n".join(body[:1] + body[2:]), "pairs.csv")
