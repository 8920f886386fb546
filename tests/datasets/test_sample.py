import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from core.evaluations.shards import read_shard
from core.storage.objects import ObjectStore
from evaluator.datasets import DatasetInvalid, import_dataset, load_pairs, sample_benchmark
from evaluator.datasets.sample import SUBJECTS

MakeImage = Callable[..., bytes]


SAMPLES = Path(__file__).parents[2] / "infra" / "local" / "samples.toml"


@pytest.fixture
def photographs(tmp_path: Path, make_image: MakeImage) -> Path:
    """Stand-ins under the sample photographs' names, and one more that is not wanted."""
    for seed, name in enumerate([*SUBJECTS, "six_faces.jpg"]):
        (tmp_path / name).write_bytes(make_image(seed, form="PNG" if name.endswith("png") else "JPEG"))
    return tmp_path


def test_every_pair_of_the_photographs_is_there_and_they_are_all_fetched_at_set_up(photographs: Path) -> None:
    pairs = sample_benchmark(photographs).pairs
    assert len(pairs.pairs) == 21
    assert sum(pair.mated for pair in pairs.pairs) == 15
    assert all(("biden.jpg" in (pair.reference, pair.probe)) == (not pair.mated) for pair in pairs.pairs)
    assert pairs.folds == 0
    fetched = tomllib.loads(SAMPLES.read_text(encoding="utf-8"))["samples"]
    assert SUBJECTS.keys() <= {sample["name"] for sample in fetched}


def test_the_sample_is_imported_like_any_other(objects: ObjectStore, photographs: Path) -> None:
    dataset = import_dataset(objects, "sample", sample_benchmark(photographs))
    assert (dataset.kind, dataset.images, dataset.pairs, dataset.mated, dataset.folds) == ("sample", 7, 21, 15, 0)
    (shard,) = dataset.shards
    assert dict(read_shard(objects.get(shard.key))) == {name: (photographs / name).read_bytes() for name in SUBJECTS}
    assert load_pairs(objects, dataset) == sample_benchmark(photographs).pairs


def test_a_photograph_that_was_not_fetched_is_named(objects: ObjectStore, photographs: Path) -> None:
    (photographs / "biden.jpg").unlink()
    with pytest.raises(DatasetInvalid, match=r"^sample: biden\.jpg is not in .*; pairs that want it: 6$"):
        import_dataset(objects, "sample", sample_benchmark(photographs))
