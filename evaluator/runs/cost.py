"""What a run's embeddings cost, from what its workers answered."""

from collections.abc import Iterable
from pathlib import Path

from core.evaluations.messages import ShardAnswer, ShardEmbedded
from core.packs.catalogue import Pack
from evaluator.report import CostFacts


def cost_of(answers: Iterable[ShardAnswer], pack: Pack, packs: Path) -> CostFacts:
    """Of the shards that were embedded for this run, by workers that say what it took; `packs` has all packs."""
    timed = [a.outcome for a in answers if isinstance(a.outcome, ShardEmbedded) and a.outcome.seconds is not None]
    return CostFacts(
        embedded_images=sum(shard.images for shard in timed),
        embedding_s=round(sum(shard.seconds or 0.0 for shard in timed), 3),
        machines=tuple(sorted({shard.machine for shard in timed if shard.machine})),
        embedding_dimension=pack.embedding_dimension,
        pack_bytes=_size(packs / pack.name, pack),
    )


def _size(folder: Path, pack: Pack) -> int | None:
    """None where a file is not here: the evaluator needs none of them."""
    try:
        return sum((folder / file.name).stat().st_size for file in pack.files)
    except OSError:
        return None
