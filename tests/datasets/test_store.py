"""Against a real S3 server."""

import hashlib
import io
import json
import pickle
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from core.errors import StoreUnavailable
from core.evaluations.shards import read_shard
from core.settings import Settings
from core.settings.groups import ObjectSettings
from core.storage.objects import ObjectStore
from core.vocabulary import Track
from evaluator.datasets import (
    Benchmark,
    Dataset,
    DatasetCorrupt,
    DatasetExists,
    DatasetUnknown,
    delete_dataset,
    import_dataset,
    list_datasets,
    load_dataset,
    load_pairs,
    parse_csv,
    read_benchmark,
    read_bin_benchmark,
)
from tests.datasets.stored import everything

MakeImage = Callable[..., bytes]
LfwLike = tuple[Path, Path]


def images_of(objects: ObjectStore, dataset: Dataset) -> dict[str, bytes]:
    return {image_id: body for shard in dataset.shards for image_id, body in read_shard(objects.get(shard.key))}


def test_what_goes_in_comes_out(objects: ObjectStore, benchmark: Benchmark, lfw_like: LfwLike) -> None:
    imported = import_dataset(objects, "lfw", benchmark, images_per_shard=3)
    dataset = load_dataset(objects, "lfw")
    assert dataset == imported
    assert (dataset.kind, dataset.track, dataset.images, dataset.pairs) == ("lfw", "raw", 8, 8)
    assert (dataset.mated, dataset.folds, dataset.group_names) == (4, 2, ())
    assert load_pairs(objects, dataset) == benchmark.pairs
    assert [len(shard.image_ids) for shard in dataset.shards] == [3, 3, 2]
    images = images_of(objects, dataset)
    assert list(images) == benchmark.pairs.image_ids
    assert all(body == (lfw_like[0] / image_id).read_bytes() for image_id, body in images.items())


def test_the_layout_can_be_read_by_a_human(objects: ObjectStore, benchmark: Benchmark) -> None:
    digest = import_dataset(objects, "lfw", benchmark, images_per_shard=5).digest
    stored = everything(objects)
    assert sorted(stored) == sorted(
        [
            "datasets/by-name/lfw.json",
            f"datasets/{digest}/manifest.json",
            f"datasets/{digest}/pairs.csv",
            f"datasets/{digest}/shard-0000.tar",
            f"datasets/{digest}/shard-0001.tar",
        ]
    )
    assert parse_csv(stored[f"datasets/{digest}/pairs.csv"]) == benchmark.pairs
    assert json.loads(stored["datasets/by-name/lfw.json"])["digest"] == digest
    with tarfile.open(fileobj=io.BytesIO(stored[f"datasets/{digest}/shard-0000.tar"])) as shard:
        assert shard.getnames() == benchmark.pairs.image_ids[:5]
        assert {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m in shard} == {(0, 0, 0, "", 0o644)}


def test_the_digest_can_be_recomputed_with_a_few_lines(objects: ObjectStore, benchmark: Benchmark) -> None:
    dataset = import_dataset(objects, "lfw", benchmark)
    text = "likeness-dataset 1 raw\n"
    for image_id, body in sorted(images_of(objects, dataset).items()):
        text += f"{hashlib.sha256(body).hexdigest()}  {image_id}\n"
    content = f"{text}\n".encode() + objects.get(f"datasets/{dataset.digest}/pairs.csv")
    assert dataset.digest == hashlib.sha256(content).hexdigest()


def test_the_same_content_has_one_digest_however_it_is_packed(
    objects: ObjectStore, benchmark: Benchmark, lfw_like: LfwLike, tmp_path: Path
) -> None:
    root, pairs = lfw_like
    archive = tmp_path / "packed.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(root.rglob("*.jpg"), reverse=True):
            tar.add(path, f"elsewhere/{path.relative_to(root)}")
    first = import_dataset(objects, "one", benchmark, images_per_shard=3)
    before = everything(objects)
    second = import_dataset(objects, "two", read_benchmark("lfw", pairs, archive), images_per_shard=100)
    assert second.digest == first.digest
    assert second.shards == first.shards
    added = set(everything(objects)) - set(before)
    assert added == {"datasets/by-name/two.json"}


@pytest.mark.parametrize("change", ["an image", "the track", "the pairs"])
def test_other_content_has_another_digest(
    objects: ObjectStore, lfw_like: LfwLike, make_image: MakeImage, change: str
) -> None:
    root, pairs = lfw_like
    for path in root.rglob("*.jpg"):
        path.write_bytes(make_image(len(path.name), (112, 112)))
    first = import_dataset(objects, "one", read_benchmark("lfw", pairs, root))
    if change == "an image":
        (root / "Ada" / "Ada_0001.jpg").write_bytes(make_image(200))
    if change == "the pairs":
        pairs.write_text(pairs.read_text().replace("Ada\t1\tBo\t1", "Ada\t1\tBo\t2"))
    track = Track.ALIGNED if change == "the track" else Track.RAW
    second = import_dataset(objects, "two", read_benchmark("lfw", pairs, root, track=track))
    assert second.digest != first.digest
    assert [dataset.name for dataset in list_datasets(objects)] == ["one", "two"]


def test_importing_again_writes_the_pointer_and_nothing_else(
    objects: ObjectStore, benchmark: Benchmark, settings: Settings
) -> None:
    import_dataset(objects, "lfw", benchmark)
    before = everything(objects)
    spy = Recording(settings.objects)
    import_dataset(spy, "lfw", benchmark)
    assert spy.written == ["datasets/by-name/lfw.json"]
    assert everything(objects) == before


def test_a_name_is_not_given_other_content_unless_asked(
    objects: ObjectStore, benchmark: Benchmark, lfw_like: LfwLike
) -> None:
    first = import_dataset(objects, "lfw", benchmark)
    import_dataset(objects, "kept", benchmark)
    root, pairs = lfw_like
    pairs.write_text(pairs.read_text().replace("Ada\t1\tBo\t1", "Ada\t1\tBo\t2"))
    changed = read_benchmark("lfw", pairs, root)
    before = everything(objects)
    with pytest.raises(DatasetExists, match=rf"'lfw' is there with other content, digest {first.digest[:12]}"):
        import_dataset(objects, "lfw", changed)
    assert everything(objects) == before
    second = import_dataset(objects, "lfw", changed, replace=True)
    assert load_dataset(objects, "lfw") == second
    assert images_of(objects, load_dataset(objects, "kept"))
    import_dataset(objects, "kept", changed, replace=True)
    assert not list(objects.keys(f"datasets/{first.digest}/"))


def test_a_bin_file_goes_in_and_comes_out(objects: ObjectStore, tmp_path: Path, make_image: MakeImage) -> None:
    path = tmp_path / "crops.bin"
    crops = [make_image(n, (112, 112)) for n in range(24)]
    path.write_bytes(pickle.dumps((crops, [n % 2 == 0 for n in range(12)])))
    dataset = import_dataset(objects, "crops", read_bin_benchmark(path))
    assert (dataset.kind, dataset.track, dataset.images, dataset.folds) == ("bin", "aligned", 24, 10)
    assert list(images_of(objects, dataset).values()) == crops
    assert load_pairs(objects, dataset).notes == dataset.notes != ()


def test_an_unknown_name_is_answered_with_those_there_are(objects: ObjectStore, benchmark: Benchmark) -> None:
    with pytest.raises(DatasetUnknown, match=r"there is no data set 'lfw'; there are: none yet"):
        load_dataset(objects, "lfw")
    import_dataset(objects, "b", benchmark)
    import_dataset(objects, "a", benchmark)
    with pytest.raises(DatasetUnknown, match=r"there are: a, b$"):
        delete_dataset(objects, "lfw")


class Recording(ObjectStore):
    """The real store, which notes what is written and can be made to fail."""

    def __init__(self, store: ObjectSettings, fails_at: int = -1, error: BaseException | None = None) -> None:
        super().__init__(store)
        self.written: list[str] = []
        self._fails_at, self._error = fails_at, error

    def put(self, key: str, body: bytes, media_type: str = "application/octet-stream") -> None:
        if len(self.written) == self._fails_at and self._error:
            raise self._error
        self.written.append(key)
        super().put(key, body, media_type)


@pytest.mark.parametrize("error", [StoreUnavailable(), KeyboardInterrupt(), SystemExit(1)])
@pytest.mark.parametrize("fails_at", range(6))
def test_nothing_is_left_when_storing_fails_at_any_step(
    objects: ObjectStore, benchmark: Benchmark, settings: Settings, fails_at: int, error: BaseException
) -> None:
    failing = Recording(settings.objects, fails_at, error)
    with pytest.raises(type(error)):
        import_dataset(failing, "lfw", benchmark, images_per_shard=3)
    assert list_datasets(objects) == []
    left = list(objects.keys("datasets/"))
    if fails_at < 5:
        assert left == []
    else:  # the content was complete; only its name is missing, and the next import gives it
        assert len(left) == 5
    spy = Recording(settings.objects)
    import_dataset(spy, "lfw", benchmark, images_per_shard=3)
    assert len(spy.written) == (6 if fails_at < 5 else 1)


def test_the_pointer_is_written_last(objects: ObjectStore, benchmark: Benchmark, settings: Settings) -> None:
    spy = Recording(settings.objects)
    digest = import_dataset(spy, "lfw", benchmark).digest
    assert spy.written[-2:] == [f"datasets/{digest}/manifest.json", "datasets/by-name/lfw.json"]


def test_what_an_import_left_when_it_was_killed_does_no_harm(
    objects: ObjectStore, benchmark: Benchmark, settings: Settings
) -> None:
    digest = import_dataset(objects, "lfw", benchmark).digest
    complete = everything(objects)
    objects.delete([f"datasets/{digest}/manifest.json", "datasets/by-name/lfw.json"])
    objects.put(f"datasets/{digest}/shard-0000.tar", b"half")
    assert list_datasets(objects) == []
    import_dataset(objects, "lfw", benchmark)
    assert everything(objects) == complete


def test_content_is_deleted_with_its_last_name(objects: ObjectStore, benchmark: Benchmark) -> None:
    import_dataset(objects, "one", benchmark)
    two = import_dataset(objects, "two", benchmark)
    delete_dataset(objects, "one")
    assert load_dataset(objects, "two") == two
    assert load_pairs(objects, two) == benchmark.pairs
    delete_dataset(objects, "two")
    assert everything(objects) == {}


@pytest.mark.parametrize("fails_at", range(3))
def test_a_deletion_that_broke_off_can_be_repeated_and_the_content_imported_again(
    objects: ObjectStore, benchmark: Benchmark, settings: Settings, fails_at: int
) -> None:
    class Failing(ObjectStore):
        deletions = 0

        def delete(self, keys: Iterable[str]) -> None:
            if self.deletions == fails_at:
                raise StoreUnavailable
            self.deletions += 1
            super().delete(keys)

    dataset = import_dataset(objects, "lfw", benchmark, images_per_shard=3)
    complete = everything(objects)
    with pytest.raises(StoreUnavailable):
        delete_dataset(Failing(settings.objects), "lfw")
    assert import_dataset(objects, "lfw", benchmark, images_per_shard=3) == dataset
    assert everything(objects) == complete
    with pytest.raises(StoreUnavailable):
        delete_dataset(Failing(settings.objects), "lfw")
    delete_dataset(objects, "lfw")
    assert everything(objects) == {}


def test_the_pair_list_and_the_manifest_are_checked_when_read(objects: ObjectStore, benchmark: Benchmark) -> None:
    dataset = import_dataset(objects, "lfw", benchmark)
    objects.put(f"datasets/{dataset.digest}/pairs.csv", b"reference,probe,mated\na,b,1\n")
    with pytest.raises(DatasetCorrupt, match=r"pairs\.csv has SHA-256"):
        load_pairs(objects, dataset)
    pointer = json.loads(objects.get("datasets/by-name/lfw.json"))
    changes: list[dict[str, object]] = [{"format": 2}, {"more": 1}, {"notes": None}, {"shards": [{}]}]
    for broken in changes:
        objects.put("datasets/by-name/lfw.json", json.dumps(pointer | broken).encode())
        with pytest.raises(DatasetCorrupt, match="the manifest "):
            load_dataset(objects, "lfw")


def test_progress_goes_from_nothing_to_all_and_never_back(objects: ObjectStore, benchmark: Benchmark) -> None:
    steps: list[tuple[int, int]] = []
    import_dataset(objects, "lfw", benchmark, images_per_shard=2, progress=lambda *step: steps.append(step))
    assert {total for _, total in steps} == {8}
    done = [step for step, _ in steps]
    assert done == sorted(done)
    assert done[7] == 4
    assert done[-1] == 8


def test_groups_travel_with_the_pairs(objects: ObjectStore, tmp_path: Path, make_image: MakeImage) -> None:
    for name in "abc":
        (tmp_path / f"{name}.png").write_bytes(make_image(ord(name), form="PNG"))
    pairs = tmp_path / "own.csv"
    pairs.write_text("reference,probe,mated,sex\na.png,b.png,true,f\na.png,c.png,false,m\n")
    dataset = import_dataset(objects, "own", read_benchmark("csv", pairs, tmp_path))
    assert dataset.group_names == ("sex",)
    assert [pair.groups for pair in load_pairs(objects, dataset).pairs] == [("f",), ("m",)]
