"""A list of another kind is named as what it is."""

from pathlib import Path

import pytest

from evaluator.datasets import DatasetInvalid, read_benchmark
from evaluator.datasets.benchmark import ListKind
from evaluator.datasets.recognised import what_it_is

PAIRS_TXT = "2\t1\nAda\t1\t2\nAda\t1\tBo\t1\nBo\t1\t2\nCy\t1\tBo\t1\n"
PAIRS_CSV = "name,imagenum1,imagenum2,\nAda,1,2,\nAda,1,Bo,1\n"
TWO_LINES = "Ada_0001.jpg 1\nAda_0002.jpg 1\nBo_0001.jpg 0\nCy_0001.jpg 0\n"
OWN = "reference,probe,mated\na.jpg,b.jpg,1\n"

KNOWN = {
    "pairsDevTrain.txt": ("1100\nAda\t1\t2\nBo\t1\t2\nAda\t1\tBo\t1\n", "View 1"),
    "matchpairsDevTest.csv": ("name,imagenum1,imagenum2\nAda,1,2\nBo,1,2\n", "View 1"),
    "mismatchpairsDevTest.csv": ("name,imagenum1,name,imagenum2\nAda,1,Bo,2\n", "View 1"),
    "peopleDevTest.txt": ("1711\nAda\t1\nBo\t3\n", "a list of people"),
    "people.txt": ("10\n601\nAda\t1\nBo\t3\n", "a list of people"),
    "lfw-names.txt": ("Ada\t1\nBo\t3\n", "a list of people"),
    "lfw_allnames.csv": ("name,images\nAda,1\n", "a list of people"),
    "male_names.txt": ("Bo_0001.jpg\nBo_0002.jpg\n", "give it as --names"),
    "same.txt": ("5,1\n8,4\n", "CFP's protocol: evaluate import cfp-fp"),
    "Pair_list_F.txt": ("1 ../Data/Images/001/frontal/01.jpg\n", "CFP's protocol"),
    "cfp_fp.bin": ("\x80\x02]", "evaluate import bin"),
    "lfw.zip": ("PK\x03\x04", "a zip archive; it goes to --archive"),
}


@pytest.mark.parametrize("kind", ["lfw", "calfw", "csv"])
@pytest.mark.parametrize("name", KNOWN)
def test_a_list_that_is_known_as_another_is_named_with_what_to_do(tmp_path: Path, name: str, kind: ListKind) -> None:
    text, says = KNOWN[name]
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(DatasetInvalid) as refused:
        read_benchmark(kind, tmp_path / name, tmp_path)
    (fault,) = refused.value.faults
    assert fault.what.startswith(f"is not read as {kind}: this is ")
    assert says in fault.what


@pytest.mark.parametrize(
    ("text", "kinds", "says"),
    [
        (PAIRS_TXT, {"lfw"}, "LFW's pairs.txt"),
        (PAIRS_CSV, {"lfw"}, "LFW's pairs.csv"),
        (TWO_LINES, {"calfw", "cplfw"}, "CALFW or CPLFW"),
        (f"name same_person\n{TWO_LINES}", {"calfw", "cplfw"}, "CALFW or CPLFW"),
        (OWN, {"csv"}, "a CSV of one's own"),
    ],
)
def test_a_list_is_itself_for_its_own_kind_and_something_known_for_every_other(
    text: str, kinds: set[str], says: str
) -> None:
    for kind in ("lfw", "calfw", "cplfw", "csv"):
        found = what_it_is(text.encode(), kind)
        assert (found is None) == (kind in kinds), kind
        assert found is None or says in found


def test_a_list_with_faults_of_its_own_and_one_that_nobody_knows_keep_their_faults(tmp_path: Path) -> None:
    for text, says in (
        (f"{PAIRS_TXT}Ada 1\n", "2 columns; a mated pair has 3"),
        ("hello\nworld\n", "the header must say"),
    ):
        (tmp_path / "pairs.txt").write_text(text)
        with pytest.raises(DatasetInvalid, match=says):
            read_benchmark("lfw", tmp_path / "pairs.txt", tmp_path)
