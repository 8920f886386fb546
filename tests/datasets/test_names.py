"""Lists of names give the sides of a pair their groups."""

from pathlib import Path

import pytest

from core.storage.objects import ObjectStore
from evaluator.datasets import DatasetInvalid, import_dataset, load_pairs, read_benchmark
from evaluator.datasets.names import NameList, with_groups


@pytest.fixture
def lists(tmp_path: Path) -> list[Path]:
    """Ada and Cy, whole and image by image; Bo, and Cy's second image once more; nobody knows Di."""
    (tmp_path / "female_names.txt").write_text("Ada_0001.jpg\r\nAda_0002.jpg\r\n\r\nCy\r\n")
    (tmp_path / "male_names.txt").write_text("Bo_0001.jpg\nBo/Bo_0002.jpg\nCy_0002.jpg\nZed_0001.jpg\n")
    return [tmp_path / "female_names.txt", tmp_path / "male_names.txt"]


def test_each_side_of_a_pair_has_the_group_of_its_list(
    objects: ObjectStore, lfw_like: tuple[Path, Path], lists: list[Path]
) -> None:
    archive, listed = lfw_like
    plain = import_dataset(objects, "lfw", read_benchmark("lfw", listed, archive))
    benchmark = read_benchmark("lfw", listed, archive, names=lists)
    dataset = import_dataset(objects, "lfw-by-gender", benchmark)
    assert dataset.group_names == ("reference_group", "probe_group")
    assert dataset.digest != plain.digest, "pairs with groups are another content"
    groups = [(pair.reference, pair.probe, *pair.groups) for pair in load_pairs(objects, dataset).pairs]
    assert ("Ada/Ada_0001.jpg", "Bo/Bo_0001.jpg", "female", "male") in groups
    assert ("Ada/Ada_0001.jpg", "Ada/Ada_0002.jpg", "female", "female") in groups
    assert ("Cy/Cy_0001.jpg", "Cy/Cy_0002.jpg", "female", "") in groups, "one that stands in two lists is in neither"
    assert ("Di/Di_0001.jpg", "Di/Di_0002.jpg", "", "") in groups
    assert dataset.notes == (
        "Groups are from lists of names: 4 of 8 pairs have one on both sides. Of 8 images 2 stand in no list and 1 in "
        "more than one: they have no group.",
    )
    assert load_pairs(objects, plain).pairs == tuple(read_benchmark("lfw", listed, archive).pairs.pairs)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("other_names.txt", "Zed_0001.jpg\n", "names none of the 8 images, such as Ada/Ada_0001.jpg"),
        ("empty_names.txt", "\n", "has no name in it"),
        ("female.txt", "Bo\n", "is a second list of female"),
    ],
)
def test_a_list_of_no_use_is_refused_by_name(
    lfw_like: tuple[Path, Path], lists: list[Path], tmp_path: Path, name: str, text: str, says: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetInvalid, match=f"^{name}: {says}$"):
        read_benchmark("lfw", lfw_like[1], lfw_like[0], names=[*lists, tmp_path / name])


def test_pairs_that_have_the_columns_already_keep_them(lfw_like: tuple[Path, Path], lists: list[Path]) -> None:
    benchmark = read_benchmark("lfw", lfw_like[1], lfw_like[0], names=lists)
    with pytest.raises(DatasetInvalid, match="has the column reference_group already"):
        with_groups(benchmark.pairs, [NameList.read(b"Ada\n", "female_names.txt")])
