"""Some images of a data set that is stored, by their ids."""

from collections.abc import Iterator, Set

from core.errors import DatasetUnknown
from core.evaluations.shards import read_shard
from core.storage.objects import Objects
from evaluator.datasets.store import load_dataset


def images_of(objects: Objects, name: str, digest: str, wanted: Set[str]) -> Iterator[tuple[str, bytes]]:
    """Id and bytes of each wanted image; only shards that hold one are fetched.

    Raise DatasetUnknown where no data set has this name, or it has another content by now.
    """
    dataset = load_dataset(objects, name)
    if dataset.digest != digest:
        raise DatasetUnknown(
            f"the images are of a data set {name} with the digest {digest}; the one there has {dataset.digest}: "
            f"import that content again to see them"
        )
    for shard in dataset.shards:
        if wanted.isdisjoint(shard.image_ids):
            continue
        yield from ((image_id, body) for image_id, body in read_shard(objects.get(shard.key)) if image_id in wanted)
