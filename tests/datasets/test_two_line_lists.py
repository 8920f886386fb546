import pytest

from evaluator.datasets import DatasetInvalid, Pair, PairList, parse_two_lines

# One pair a fold: ten mated, then ten non-mated. CALFW's form of names; CPLFW has no zeros.
MATED = [(f"Ada_{n:04d}.jpg {n}", f"Bo_{n:04d}.jpg {n}") for n in range(1, 11)]
NON_MATED = [(f"Cy_{n}.jpg 0", f"Di_{n}.jpg 0") for n in range(1, 11)]
GOOD = [line for pair in (*MATED, *NON_MATED) for line in pair]


def parse(lines: list[str]) -> PairList:
    return parse_two_lines("\n".join(lines).encode(), "pairs_CALFW.txt", pairs_per_fold=1)


def faults_of(lines: list[str]) -> list[str]:
    with pytest.raises(DatasetInvalid) as raised:
        parse(lines)
    return [str(fault).removeprefix("pairs_CALFW.txt:").strip() for fault in raised.value.faults]


def test_tokens_of_mated_pairs_are_their_folds_and_the_others_get_theirs_in_order() -> None:
    pairs = parse(GOOD)
    assert pairs.pairs[0] == Pair("Ada_0001.jpg", "Bo_0001.jpg", True, 1, ())
    assert pairs.pairs[10] == Pair("Cy_1.jpg", "Di_1.jpg", False, 1, ())
    assert [pair.fold for pair in pairs.pairs] == [*range(1, 11), *range(1, 11)]
    assert [pair.mated for pair in pairs.pairs] == [True] * 10 + [False] * 10
    assert pairs.notes == ("The list gives no folds to its non-mated pairs: they were assigned in order.",)
    assert pairs.lines[10] == 21


def test_the_official_size_is_three_hundred_pairs_of_each_kind_a_fold() -> None:
    mated = [f"A_{n}.jpg {n // 300 + 1}\nB_{n}.jpg {n // 300 + 1}" for n in range(3000)]
    other = [f"C_{n}.jpg 0\nD_{n}.jpg 0" for n in range(3000)]
    pairs = parse_two_lines("\n".join([*mated, *other]).encode(), "pairs_CPLFW.txt")
    assert len(pairs.pairs) == 6000
    assert {pair.fold for pair in pairs.pairs[3300:3600]} == {2}
    with pytest.raises(DatasetInvalid, match=r"fold 1 has 1 mated pairs, not 300"):
        parse_two_lines("\n".join(GOOD).encode(), "pairs_CPLFW.txt")


def test_a_pair_with_one_line_is_a_fault() -> None:
    assert faults_of(GOOD[:-1]) == ["there are 9 non-mated pairs, not 10", "39: the last pair has one line only"]


@pytest.mark.parametrize(
    ("number", "line", "what"),
    [
        (3, "Ada_0002.jpg", "1 columns in a line of this pair; each has a file name and a token"),
        (4, "Bo_0002.jpg 2 2", "3 columns in a line of this pair; each has a file name and a token"),
        (3, "Ada_0002.jpg two", "the token 'two' is neither 0 nor a fold from 1 to 10"),
        (4, "Bo_0002.jpg 11", "the token '11' is neither 0 nor a fold from 1 to 10"),
        (4, "Bo_0002.jpg -1", "the token '-1' is neither 0 nor a fold from 1 to 10"),
        (4, "Bo_0002.jpg 3", "the two lines of this pair have different tokens, 2 and 3"),
        (4, "Bo_0002.jpg 0", "the two lines of this pair have different tokens, 2 and 0"),
    ],
)
def test_a_bad_line_is_named_and_its_fold_is_short(number: int, line: str, what: str) -> None:
    lines = [line if n == number else old for n, old in enumerate(GOOD, 1)]
    assert faults_of(lines) == ["fold 2 has 0 mated pairs, not 1", f"3: {what}"]


def test_a_mated_pair_after_a_non_mated_one_is_a_fault() -> None:
    lines = [*GOOD[2:22], *GOOD[:2], *GOOD[22:]]
    assert faults_of(lines) == ["21: a mated pair among non-mated ones"]


def test_short_and_long_folds_are_counted() -> None:
    lines = ["Ada_0009.jpg 10" if line == "Ada_0009.jpg 9" else line for line in GOOD]
    lines = ["Bo_0009.jpg 10" if line == "Bo_0009.jpg 9" else line for line in lines]
    assert faults_of(lines) == ["fold 9 has 0 mated pairs, not 1", "fold 10 has 2 mated pairs, not 1"]
    assert faults_of([*GOOD, "E.jpg 0", "F.jpg 0"]) == ["there are 11 non-mated pairs, not 10"]


def test_a_pair_that_comes_again_is_a_fault() -> None:
    lines = [*GOOD[:-2], "Di_1.jpg 0", "Cy_1.jpg 0"]
    assert faults_of(lines) == ["39: the pair Di_1.jpg and Cy_1.jpg repeats line 21"]
    lines = [*GOOD[:-2], "Ada_0001.jpg 0", "Bo_0001.jpg 0"]
    assert faults_of(lines) == ["39: the pair Ada_0001.jpg and Bo_0001.jpg repeats line 1 and contradicts it"]


LABELS = [line for n in range(10) for line in (f"Ada_{n}.jpg 1", f"Bo_{n}.jpg 1")]
LABELS += [line for n in range(10) for line in (f"Cy_{n}.jpg 0", f"Di_{n}.jpg 0")]


@pytest.mark.parametrize("header", ["", "name same_person", "Name\tSame"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_cplfw_as_published_has_labels_for_tokens_and_gets_folds_in_order_for_both_kinds(header: str, end: str) -> None:
    body = end.join([*filter(None, [header]), *LABELS, ""]).encode()
    pairs = parse_two_lines(body, "pairs_CPLFW.txt", pairs_per_fold=1)
    assert [(pair.fold, pair.mated) for pair in pairs.pairs] == [
        *((fold, True) for fold in range(1, 11)),
        *((fold, False) for fold in range(1, 11)),
    ]
    assert pairs.pairs[0] == Pair("Ada_0.jpg", "Bo_0.jpg", True, 1, ())
    assert pairs.notes == (
        "The list gives no folds: they were assigned in order, 1 mated and 1 non-mated pairs to each of 10.",
    )
    assert pairs.lines[0] == 1 + bool(header), "faults name the line of the file, its header counted"


def test_a_list_of_labels_that_is_short_says_how_many_pairs_of_which_kind_it_lacks() -> None:
    assert faults_of(LABELS[2:]) == ["there are 9 mated pairs, not 10"]
    assert faults_of(LABELS[:-2]) == ["there are 9 non-mated pairs, not 10"]
    assert faults_of(["name same_person", *LABELS, "E.jpg 1", "F.jpg 1"]) == ["there are 11 mated pairs, not 10"]
