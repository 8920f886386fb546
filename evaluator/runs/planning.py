"""From a request to messages: which parts a run needs, and which are there already."""

from core.errors import LikenessError
from core.evaluations.runs import RunRequest
from core.evaluations.shards import Pipeline, ShardMessage, part_prefix
from core.packs.catalogue import Pack, directory_identity
from core.settings.groups import EngineSettings
from core.storage.objects import ObjectStore
from evaluator.datasets import Dataset, load_dataset


class DatasetChanged(LikenessError):
    """Under the run's data set name lies another content than when it was requested: import the old one again."""

    code = "dataset_changed"


def dataset_of(request: RunRequest, objects: ObjectStore) -> Dataset:
    """The data set as it was when the run was requested. Raises DatasetChanged."""
    content = load_dataset(objects, request.dataset)
    if content.digest != request.dataset_digest:
        raise DatasetChanged(
            f"the data set {request.dataset} has the digest {content.digest}, the run was requested on "
            f"{request.dataset_digest}: import that content again, or start a new run"
        )
    return content


def pipeline_of(request: RunRequest, pack: Pack, engine: EngineSettings) -> Pipeline:
    """What the embeddings of this run depend on."""
    aligned = request.track == "aligned"
    return Pipeline(
        pack=pack.name,
        pack_digest=directory_identity(pack).digest,
        track=request.track,
        flip=request.flip,
        policy=request.policy,
        # A crop that is aligned already is not detected: its embedding depends on neither setting.
        detection_size=0 if aligned else request.detection_size,
        detection_threshold=engine.detection_threshold or pack.detection_threshold,
        min_face_px=engine.min_face_px,
        provider=engine.provider,
    )


def plan(run_id: str, dataset: Dataset, pipeline: Pipeline) -> tuple[ShardMessage, ...]:
    """A message a shard, in the data set's order."""
    prefix = part_prefix(pipeline, dataset.digest)
    return tuple(
        ShardMessage(
            run_id=run_id,
            shard=number,
            shard_key=shard.key,
            shard_sha256=shard.sha256,
            part_key=f"{prefix}{number:04d}-{shard.sha256[:16]}.npz",
            images=len(shard.image_ids),
            pipeline=pipeline,
        )
        for number, shard in enumerate(dataset.shards)
    )


def missing_parts(messages: tuple[ShardMessage, ...], objects: ObjectStore) -> tuple[ShardMessage, ...]:
    """The messages whose part is not in the object store yet: one listing, not a look at each."""
    if not messages:
        return ()
    present = set(objects.keys(messages[0].part_key.rpartition("/")[0] + "/"))
    return tuple(message for message in messages if message.part_key not in present)
