"""What is no data set is refused by name and line, and nothing of it is stored."""

import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.storage.objects import ObjectStore
from core.vocabulary import Track
from evaluator.datasets import (
    Archive,
    Benchmark,
    DatasetInvalid,
    DatasetUnknown,
    import_dataset,
    load_dataset,
    read_benchmark,
    read_bin_benchmark,
)
from evaluator.datasets.sources import MAX_MEMBER_BYTES
from tests.datasets.stored import everything

MakeImage = Callable[..., bytes]
LfwLike = tuple[Path, Path]


def faults_of(objects: ObjectStore, benchmark: Benchmark, **limits: int) -> list[str]:
    """What is wrong; nothing was written."""
    with pytest.raises(DatasetInvalid) as raised:
        import_dataset(objects, "any", benchmark, **limits)  # type: ignore[arg-type]
    assert everything(objects) == {}
    copied = pickle.loads(pickle.dumps(raised.value))
    assert (copied.faults, str(copied)) == (raised.value.faults, str(raised.value))
    return [str(fault) for fault in raised.value.faults]


def test_missing_images_are_named_by_the_line_that_wants_them(objects: ObjectStore, lfw_like: LfwLike) -> None:
    root, pairs = lfw_like
    for missing in ("Ada/Ada_0001.jpg", "Di/Di_0002.jpg"):
        (root / missing).unlink()
    assert faults_of(objects, read_benchmark("lfw", pairs, root)) == [
        "pairs.txt:2: Ada/Ada_0001.jpg is not in lfw; pairs that want it: 2",
        "pairs.txt:7: Di/Di_0002.jpg is not in lfw; pairs that want it: 2",
    ]


def test_files_that_are_no_images_are_named(objects: ObjectStore, lfw_like: LfwLike, make_image: MakeImage) -> None:
    root, pairs = lfw_like
    (root / "Bo" / "Bo_0001.jpg").write_bytes(b"an image, not for us")
    (root / "Ada" / "Ada_0001.jpg").write_bytes(make_image(1)[:20])
    (root / "Cy" / "Cy_0001.jpg").write_bytes(make_image(1, (300, 300)))
    (root / "Di" / "Di_0001.jpg").write_bytes(b"")
    (root / "Di" / "Di_0002.jpg").unlink()
    faults = faults_of(objects, read_benchmark("lfw", pairs, root), max_image_pixels=256)
    assert [fault.split(";")[0] for fault in faults] == [
        "pairs.txt:7: Di/Di_0002.jpg is not in lfw",
        "lfw: Ada/Ada_0001.jpg: the JPEG ends, or is damaged, before its pixels begin",
        "lfw: Bo/Bo_0001.jpg: the bytes begin with b'an image'",
        "lfw: Cy/Cy_0001.jpg: the image has 300x300 pixels",
        f"lfw: Di/Di_0001.jpg must have 1 to {MAX_MEMBER_BYTES} bytes",
    ]


def test_an_aligned_image_must_be_a_crop(objects: ObjectStore, tmp_path: Path, make_image: MakeImage) -> None:
    path = tmp_path / "crops.bin"
    path.write_bytes(pickle.dumps(([make_image(1, (112, 112)), make_image(2, (112, 96), "PNG")], [True])))
    assert faults_of(objects, read_bin_benchmark(path)) == [
        "crops.bin: 000001.png is 112x96; an aligned crop is 112x112"
    ]


@pytest.mark.parametrize("name", ["", "LFW", "a/b", "../x", "-x", "x" * 65, "x\n"])
def test_a_name_is_checked(objects: ObjectStore, benchmark: Benchmark, name: str) -> None:
    with pytest.raises(DatasetInvalid, match="a name has lower-case letters"):
        import_dataset(objects, name, benchmark)
    with pytest.raises(DatasetUnknown):
        load_dataset(objects, name)


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\uff1d"])
def test_what_a_spreadsheet_would_run_is_refused_by_its_line(
    objects: ObjectStore, tmp_path: Path, make_image: MakeImage, begins: str
) -> None:
    ids = ["a.jpg", "b.jpg", f"{begins}c.jpg"]
    for shade, image_id in enumerate(ids):
        (tmp_path / image_id).write_bytes(make_image(shade))
    lines = [f"reference,probe,mated,{begins}age", f"a.jpg,b.jpg,1,{begins}1+1", f"a.jpg,{ids[2]},0,5{begins}"]
    (tmp_path / "pairs.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DatasetInvalid) as refused:
        import_dataset(objects, "own", read_benchmark("csv", tmp_path / "pairs.csv", tmp_path))
    assert [(fault.line, fault.what.partition(" would be a formula")[0]) for fault in refused.value.faults] == [
        (None, f"the group name '{begins}age'"),
        (2, f"the group '{begins}1+1'"),
        (3, f"the image id '{ids[2]}'"),
    ]
    assert not everything(objects)


def test_a_list_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match=r"none\.txt: cannot be read: No such file"):
        read_benchmark("lfw", tmp_path / "none.txt", tmp_path)


def test_an_archive_that_breaks_off_imports_nothing(objects: ObjectStore, lfw_like: LfwLike, tmp_path: Path) -> None:
    root, pairs = lfw_like
    archive = tmp_path / "lfw.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(root, "lfw")
    archive.write_bytes(archive.read_bytes()[:-300])
    (fault,) = faults_of(
        objects, Benchmark("lfw", Track.RAW, read_benchmark("lfw", pairs, root).pairs, Archive(archive))
    )
    assert fault.startswith("lfw.tgz: cannot be read: ")
