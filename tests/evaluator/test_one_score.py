"""A pair of a benchmark and the same pair in the service have the same score, to the last bit."""

from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from core.evaluations.messages import ShardEmbedded, ShardMessage
from core.evaluations.pipeline import Pipeline
from core.evaluations.shards import write_shard
from core.packs.catalogue import Pack, directory_identity
from core.vocabulary import Compared, Policy, Track
from evaluator.datasets import Pair
from evaluator.runs.parts import read_parts
from worker.embedding import Shards
from worker.engines import Engines

NAMES = ("obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg")


@pytest.mark.usefixtures("dataset")
def test_a_pair_scores_the_same_in_the_service_and_in_a_run(bench: Any, zoo: Pack, samples: dict[str, Path]) -> None:
    """The threshold of a calibration is a run's score, and a score exactly on it is a match."""
    bodies = {name: samples[name].read_bytes() for name in NAMES}
    engines = Engines(bench.settings)
    engine = engines.get(zoo.name)
    facts = engine.facts
    pipeline = Pipeline(
        pack=zoo.name,
        pack_digest=directory_identity(zoo).digest,
        track=Track.RAW,
        flip=False,
        policy=Policy.LARGEST,
        detection_size=facts.detection_size,
        detection_threshold=facts.detection_threshold,
        clear_detection_score=facts.clear_detection_score,
        min_face_px=facts.min_face_px,
        provider="cpu",
    )
    shard = write_shard(bodies.items())
    bench.objects.put("shard.tar", shard)
    run = bench.store.start(bench.request("colours").id)
    message = ShardMessage(run.id, 0, "shard.tar", sha256(shard).hexdigest(), "part.npz", len(bodies), pipeline)
    answer = Shards(bench.store, bench.objects, engines, bench.quarantine, at_once=1).embed(message)
    assert isinstance(answer.outcome, ShardEmbedded)

    pairs = [Pair(one, other, False, None, ()) for one, other in combinations(NAMES, 2)]
    scores = read_parts([message], bench.objects).scores(pairs)
    for pair, score in zip(pairs, scores, strict=True):
        compared = engine.compare(bodies[pair.reference], bodies[pair.probe], Policy.LARGEST).outcome
        assert isinstance(compared, Compared)
        assert compared.score == score, pair
    assert len(set(scores.tolist())) == len(pairs)
