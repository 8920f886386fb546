"""Celebrities in Frontal-Profile, in an archive laid out as the published one."""

import io
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from core.storage.objects import ObjectStore
from evaluator.datasets import Archive, DatasetInvalid, Pair, Track, import_dataset, load_pairs
from evaluator.datasets.benchmark import Benchmark, Kind
from evaluator.datasets.cfp import Protocol, read_cfp

MakeImage = Callable[..., bytes]
PEOPLE, FRONTAL, PROFILE = 11, 2, 1


def laid_out(make_image: MakeImage) -> dict[str, bytes]:
    """Eleven people, two frontal images and a profile of each; a mated and a non-mated pair a fold."""
    frontal = [f"{person:03d}/frontal/{n:02d}.jpg" for person in range(1, PEOPLE + 1) for n in range(1, FRONTAL + 1)]
    profile = [f"{person:03d}/profile/{n:02d}.jpg" for person in range(1, PEOPLE + 1) for n in range(1, PROFILE + 1)]
    files = {f"Data/Images/{image}": make_image(seed) for seed, image in enumerate((*frontal, *profile))}
    for side, images in (("F", frontal), ("P", profile)):
        lines = (f"{number} ../Data/Images/{image}\n" for number, image in enumerate(images, 1))
        files[f"Protocol/Pair_list_{side}.txt"] = "".join(lines).encode()
    for fold in range(1, 11):
        at = f"{fold:02d}"
        files[f"Protocol/Split/FF/{at}/same.txt"] = f"{2 * fold - 1},{2 * fold}\n".encode()
        files[f"Protocol/Split/FF/{at}/diff.txt"] = f"{2 * fold},{2 * fold + 1}\n".encode()
        files[f"Protocol/Split/FP/{at}/same.txt"] = f"{2 * fold},{fold}\n".encode()
        files[f"Protocol/Split/FP/{at}/diff.txt"] = f"{2 * fold},{fold + 1}\n".encode()
    return files


def archived(files: Mapping[str, bytes], path: Path) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, body in files.items():
            member = tarfile.TarInfo(f"cfp-dataset/{name}")
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return path


@pytest.fixture
def files(make_image: MakeImage) -> dict[str, bytes]:
    return laid_out(make_image)


@pytest.mark.parametrize(
    ("kind", "protocol", "mated", "other"),
    [
        ("cfp-ff", "FF", ("001/frontal/01.jpg", "001/frontal/02.jpg"), ("001/frontal/02.jpg", "002/frontal/01.jpg")),
        ("cfp-fp", "FP", ("001/frontal/02.jpg", "001/profile/01.jpg"), ("001/frontal/02.jpg", "002/profile/01.jpg")),
    ],
)
def test_both_protocols_are_read_from_the_archive_as_it_is_published(
    objects: ObjectStore,
    files: dict[str, bytes],
    tmp_path: Path,
    kind: Kind,
    protocol: Protocol,
    mated: tuple[str, str],
    other: tuple[str, str],
) -> None:
    source = Archive(archived(files, tmp_path / "cfp-dataset.tgz"))
    pairs = read_cfp(source, protocol, pairs_per_fold=1)
    assert pairs.pairs[:2] == (Pair(*mated, True, 1, ()), Pair(*other, False, 1, ()))
    assert [pair.fold for pair in pairs.pairs] == [fold for fold in range(1, 11) for _ in range(2)]
    dataset = import_dataset(objects, kind, Benchmark(kind, Track.RAW, pairs, source))
    assert (dataset.kind, dataset.pairs, dataset.mated, dataset.folds) == (kind, 20, 10, 10)
    assert load_pairs(objects, dataset).pairs == pairs.pairs


def test_a_pair_that_is_published_twice_stays_and_is_counted(
    objects: ObjectStore, files: dict[str, bytes], tmp_path: Path
) -> None:
    files["Protocol/Split/FF/01/same.txt"] = b"1,2\n2,1\n"
    for fold in range(1, 11):
        if fold > 1:
            files[f"Protocol/Split/FF/{fold:02d}/same.txt"] += b"21,22\n" if fold == 2 else b"%d,22\n" % fold
        files[f"Protocol/Split/FF/{fold:02d}/diff.txt"] += b"1,%d\n" % (2 * fold + 2)
    source = Archive(archived(files, tmp_path / "cfp-dataset.tgz"))
    pairs = read_cfp(source, "FF", pairs_per_fold=2)
    assert len(pairs.pairs) == 40
    assert pairs.notes == ("1 pairs repeat an earlier one, in either order, as published.",)
    dataset = import_dataset(objects, "cfp-ff", Benchmark("cfp-ff", Track.RAW, pairs, source))
    assert load_pairs(objects, dataset).pairs == pairs.pairs, "as a run reads it"


def test_what_an_archive_lacks_or_has_wrong_is_named_by_file_and_line(files: dict[str, bytes], tmp_path: Path) -> None:
    def faults() -> list[str]:
        with pytest.raises(DatasetInvalid) as refused:
            read_cfp(Archive(archived(files, tmp_path / "cfp.tgz")), "FP", pairs_per_fold=1)
        return [str(fault) for fault in refused.value.faults]

    files["Protocol/Split/FP/03/same.txt"] = b"6,3\n7,99\n"
    assert faults() == [
        "cfp.tgz, Split/FP: Protocol/Split/FP/03/same.txt has 2 pairs, not 1",
        "cfp.tgz, Protocol/Split/FP/03/same.txt:2: '7,99' is not two numbers of the pair lists",
    ]
    del files["Protocol/Split/FP/04/diff.txt"]
    (fault,) = faults()
    assert fault == (
        "cfp.tgz: Protocol/Split/FP/04/diff.txt is not in it; the archive as published, cfp-dataset.tgz, has it (lists "
        "missing: 1)"
    )
