"""Data sets in the object store. A data set is visible once its pointer is written, which is the last thing written.

datasets/by-name/<name>.json      the manifest under its name: what there is
datasets/<digest>/shard-0000.tar  images, sorted by id
datasets/<digest>/pairs.csv       the pair list
datasets/<digest>/manifest.json   the content is complete
"""

import hashlib
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace as replaced

from core.errors import LikenessError, ObjectNotFound
from core.evaluations.datasets import NAME, NAMES, read_manifest
from core.evaluations.shards import write_shard
from core.storage.objects import Objects
from evaluator.datasets.benchmark import Benchmark
from evaluator.datasets.faults import DatasetCorrupt, DatasetExists, DatasetInvalid, Fault
from evaluator.datasets.intake import Intake
from evaluator.datasets.manifest import (
    Dataset,
    Shard,
    content_digest,
    decode,
    encode,
    folder,
    manifest_key,
    pairs_key,
    pointer_key,
    shard_key,
)
from evaluator.datasets.own_csv import canonical_csv, parse_csv
from evaluator.datasets.pairs import PairList, formulas

IMAGES_PER_SHARD = 128
MAX_IMAGE_BYTES = 10 * 2**20
MAX_IMAGE_PIXELS = 40_000_000

# Images done and images in all. An image is half done when it is checked, and done when it is stored.
Progress = Callable[[int, int], None]


def no_progress(done_images: int, total_images: int) -> None:
    """Tell nobody."""


def import_dataset(
    objects: Objects,
    name: str,
    benchmark: Benchmark,
    *,
    images_per_shard: int = IMAGES_PER_SHARD,
    max_image_bytes: int = MAX_IMAGE_BYTES,
    max_image_pixels: int = MAX_IMAGE_PIXELS,
    replace: bool = False,
    progress: Progress = no_progress,
) -> Dataset:
    """Check everything, then store it, then make it visible. The same content again is not stored again.

    Raise DatasetInvalid with every fault, before anything is written; DatasetExists when the name has other content
    and `replace` is false. When storing fails, what was stored is deleted.
    """
    if not NAME.fullmatch(name):
        raise DatasetInvalid([Fault(repr(name), None, "a name has lower-case letters, digits, '.', '_' and '-'")])
    pairs = benchmark.pairs
    if faults := formulas(pairs):  # of new data sets alone: one that is stored is read as it is
        raise DatasetInvalid(faults)
    image_ids = pairs.image_ids
    total = len(image_ids)
    with tempfile.TemporaryFile() as spool:
        intake = Intake(spool, max_image_bytes=max_image_bytes, max_image_pixels=max_image_pixels)
        intake.take(benchmark, lambda arrived: progress(arrived // 2, total))
        canonical = canonical_csv(pairs)
        digest = content_digest(benchmark.track, intake.sha256, canonical)
        before = _pointed_at(objects, name)
        if before and before.digest != digest and not replace:
            raise DatasetExists(f"the data set {name!r} is there with other content, digest {before.digest[:12]}")
        content = _stored(objects, digest) or _store(
            objects,
            Dataset(
                name=name,
                kind=benchmark.kind,
                track=benchmark.track,
                digest=digest,
                images=total,
                pairs=len(pairs.pairs),
                mated=sum(pair.mated for pair in pairs.pairs),
                folds=pairs.folds,
                group_names=pairs.group_names,
                notes=pairs.notes,
                pairs_sha256=hashlib.sha256(canonical).hexdigest(),
                shards=(),
            ),
            canonical,
            intake,
            [image_ids[start : start + images_per_shard] for start in range(0, total, images_per_shard)],
            progress,
        )
    dataset = replaced(content, name=name, kind=benchmark.kind, notes=pairs.notes, subjects=pairs.subjects)
    if before and before.digest != digest:
        _delete_content(objects, before)
    objects.put(pointer_key(name), encode(dataset), "application/json")
    progress(total, total)
    return dataset


def load_dataset(objects: Objects, name: str) -> Dataset:
    """Raise DatasetUnknown, naming the data sets there are."""
    return decode(read_manifest(name, objects))


def list_datasets(objects: Objects) -> list[Dataset]:
    """All that are imported, by name."""
    names = (key.removeprefix(NAMES).removesuffix(".json") for key in objects.keys(NAMES))
    datasets = (_pointed_at(objects, name) for name in sorted(names))
    return [dataset for dataset in datasets if dataset]


def load_pairs(objects: Objects, dataset: Dataset) -> PairList:
    """Raise DatasetCorrupt when the stored list is not the one that was imported."""
    body = objects.get(pairs_key(dataset.digest))
    if (actual := hashlib.sha256(body).hexdigest()) != dataset.pairs_sha256:
        raise DatasetCorrupt(f"{pairs_key(dataset.digest)} has SHA-256 {actual}, expected {dataset.pairs_sha256}")
    pairs = parse_csv(body, repeats=True)
    return replaced(
        pairs, notes=dataset.notes, subjects=pairs.subjects if dataset.subjects is None else dataset.subjects
    )


def delete_dataset(objects: Objects, name: str) -> None:
    """The content, unless another name has the same, and then the name. Raise DatasetUnknown.

    In this order, so that a deletion that broke off can be repeated, and no photograph is left without a name.
    """
    _delete_content(objects, load_dataset(objects, name))
    objects.delete([pointer_key(name)])


def _store(
    objects: Objects,
    dataset: Dataset,
    canonical_pairs: bytes,
    intake: Intake,
    blocks: list[list[str]],
    progress: Progress,
) -> Dataset:
    """Shards, pairs and, at the end, the manifest; all or nothing."""
    written: list[str] = []

    def put(key: str, body: bytes, media_type: str) -> None:
        written.append(key)
        objects.put(key, body, media_type)

    shards: list[Shard] = []
    stored = 0
    try:
        for number, block in enumerate(blocks):
            body = write_shard((image_id, intake.read(image_id)) for image_id in block)
            key = shard_key(dataset.digest, number)
            put(key, body, "application/x-tar")
            shards.append(Shard(key, hashlib.sha256(body).hexdigest(), tuple(block)))
            stored += len(block)
            progress((dataset.images + stored) // 2, dataset.images)
        put(pairs_key(dataset.digest), canonical_pairs, "text/csv")
        complete = replaced(dataset, shards=tuple(shards))
        put(manifest_key(dataset.digest), encode(complete), "application/json")
    except BaseException:
        with suppress(LikenessError):
            objects.delete(written)
        raise
    return complete


def _stored(objects: Objects, digest: str) -> Dataset | None:
    """The content, if it is complete."""
    try:
        return decode(objects.get(manifest_key(digest)))
    except ObjectNotFound:
        return None


def _pointed_at(objects: Objects, name: str) -> Dataset | None:
    try:
        return decode(objects.get(pointer_key(name)))
    except ObjectNotFound:
        return None


def _delete_content(objects: Objects, dataset: Dataset) -> None:
    """Unless another name has it. The manifest first: content without one is stored anew by the next import."""
    if all(other.name == dataset.name or other.digest != dataset.digest for other in list_datasets(objects)):
        objects.delete([manifest_key(dataset.digest)])
        objects.delete(list(objects.keys(folder(dataset.digest))))
