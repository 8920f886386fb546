"""From a run to its plan: which parts it needs, and which are there already."""

from dataclasses import dataclass
from typing import Self

from core.errors import LikenessError
from core.evaluations.messages import ShardMessage
from core.evaluations.pipeline import Pipeline, part_prefix
from core.evaluations.runs import Run, RunRequest
from core.packs.catalogue import Pack, PackKind, directory_identity, find_pack, load_catalogue
from core.providers import named
from core.settings import Settings
from core.settings.groups import EngineSettings
from core.storage.objects import Objects
from core.vocabulary import Track
from evaluator.datasets import Dataset, load_dataset


class DatasetChanged(LikenessError):
    """Under the run's data set name lies another content than when it was requested: import the old one again."""

    code = "dataset_changed"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is made of, made once a task."""

    dataset: Dataset
    pack: Pack
    pipeline: Pipeline
    #: One a shard, in the data set's order.
    messages: tuple[ShardMessage, ...]

    @classmethod
    def of(cls, run: Run, objects: Objects, settings: Settings) -> Self:
        """Raise DatasetChanged when the data set is not what it was when the run was requested."""
        dataset = _dataset_of(run.request, objects)
        pack = find_pack(run.request.pack, load_catalogue(settings.home), PackKind.RECOGNITION)
        pipeline = pipeline_of(run.request, pack, settings.engine)
        return cls(dataset, pack, pipeline, _messages(run.id, dataset, pipeline))

    def missing(self, objects: Objects) -> tuple[ShardMessage, ...]:
        """The messages whose part is not in the object store yet: one listing, not a look at each."""
        present = set(objects.keys(part_prefix(self.pipeline, self.dataset.digest)))
        return tuple(message for message in self.messages if message.part_key not in present)


def pipeline_of(request: RunRequest, pack: Pack, engine: EngineSettings) -> Pipeline:
    """What the embeddings of this run depend on."""
    return Pipeline(
        pack=pack.name,
        pack_digest=directory_identity(pack).digest,
        track=request.track,
        flip=request.flip,
        policy=request.policy,
        # A crop that is aligned already is not detected: its embedding depends on neither setting.
        detection_size=0 if request.track is Track.ALIGNED else request.detection_size,
        detection_threshold=engine.detection_threshold or pack.detection_threshold,
        min_face_px=engine.min_face_px,
        provider=named(engine.provider),
        clear_detection_score=pack.clear_detection_score,
    )


def _dataset_of(request: RunRequest, objects: Objects) -> Dataset:
    content = load_dataset(objects, request.dataset)
    if content.digest != request.dataset_digest:
        raise DatasetChanged(
            f"the data set {request.dataset} has the digest {content.digest}, the run was requested on "
            f"{request.dataset_digest}: import that content again, or start a new run"
        )
    return content


def _messages(run_id: str, dataset: Dataset, pipeline: Pipeline) -> tuple[ShardMessage, ...]:
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
