from pathlib import Path

import pytest

from evaluator.datasets.faults import DatasetInvalid
from evaluator.datasets.presentations import Presentation, read_presentations


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    for name in ("one.jpg", "a/two.jpg", "three.jpg"):
        (tmp_path / name).write_bytes(b"an image")
    return tmp_path


def listed(directory: Path, *rows: str, header: str = "image,bona_fide,attack") -> Path:
    path = directory / "list.csv"
    path.write_text("\n".join((header, *rows)))
    return path


def test_each_row_is_an_image_and_what_was_in_front_of_the_camera(directory: Path) -> None:
    found = read_presentations(
        listed(directory, "one.jpg,1,", " a/two.jpg , false , a print ", "", "three.jpg,0,screen")
    )
    assert found == [
        Presentation("one.jpg", directory / "one.jpg", None),
        Presentation("a/two.jpg", directory / "a" / "two.jpg", "a print"),
        Presentation("three.jpg", directory / "three.jpg", "screen"),
    ]


def test_columns_are_found_by_name_and_others_passed_over(directory: Path) -> None:
    rows = listed(directory, "print,cam 1,one.jpg,0", header="attack,camera,image,bona_fide")
    assert read_presentations(rows) == [Presentation("one.jpg", directory / "one.jpg", "print")]


def test_images_may_lie_elsewhere(directory: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = listed(tmp_path_factory.mktemp("elsewhere"), "one.jpg,1,")
    assert read_presentations(rows, directory)[0].path == directory / "one.jpg"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("one.jpg,1,print", "list.csv:2: a bona fide image has no attack; found 'print'"),
        ("one.jpg,0,", "list.csv:2: attack is empty; it must name the species of attack"),
        ("one.jpg,perhaps,", "list.csv:2: bona_fide is 'perhaps'; it must be 1, 0, true or false"),
        ("one.jpg,1", "list.csv:2: 2 columns, where the header has 3"),
        ("four.jpg,1,", "list.csv:2: there is no file .*four.jpg"),
        ("../one.jpg,1,", "list.csv:2: '../one.jpg' lies outside of"),
        ("one.jpg,1,\none.jpg,0,print", "list.csv:3: 'one.jpg' is on line 2 already"),
        ('one.jpg,1,\n"open', "list.csv:3: cannot be read on from here"),
        ("one.jpg,0,a\x07b", "list.csv:2: attack has control characters"),
        ("", "list.csv: has no images"),
    ],
)
def test_a_fault_is_named_with_its_line(directory: Path, row: str, why: str) -> None:
    with pytest.raises(DatasetInvalid, match=why):
        read_presentations(listed(directory, row))


def test_all_faults_are_named_at_once(directory: Path) -> None:
    with pytest.raises(DatasetInvalid) as refused:
        read_presentations(listed(directory, "one.jpg,1,print", "five.jpg,0,"))
    assert len(refused.value.faults) == 3


@pytest.mark.parametrize("header", ["image,bona_fide", "image,image,bona_fide,attack", ""])
def test_a_header_that_lacks_a_column_is_refused(directory: Path, header: str) -> None:
    with pytest.raises(DatasetInvalid, match=r"the header must have (attack|image)"):
        read_presentations(listed(directory, "one.jpg,1,", header=header))
