"""A run's way through the evaluator, step by step on real servers: what is sent, what is fetched, and how it ends."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from core.evaluations.messages import ShardAnswer, ShardFailed
from core.evaluations.parts import Part
from core.evaluations.runs import RunKeys
from core.storage.connection import connect
from core.storage.lifecycle import Failure, Status
from core.vocabulary import Reason
from evaluator.datasets import Benchmark, Dataset, import_dataset
from evaluator.report import from_csv
from evaluator.runs.parts import PartsDiffer
from evaluator.runs.planning import DatasetChanged
from evaluator.runs.running import MAX_LAUNCHES, ShardsFailed

Bench = Any
POINTER = "datasets/by-name/colours.json"


def test_a_run_is_planned_embedded_and_assembled_and_nothing_is_fetched_twice(bench: Bench, dataset: Dataset) -> None:
    run = bench.request("colours")
    bench.objects.fetched.clear()
    bench.runs.launch(run.id)
    assert bench.objects.fetched == {POINTER: 1}, "a plan takes one look at the manifest"
    assert bench.store.get(run.id).status is Status.RUNNING

    messages = bench.sent()
    assert [message.shard_key for message in messages] == [shard.key for shard in dataset.shards]
    answers = bench.embedded(messages)
    assert [(answer.shard, answer.outcome.images, answer.outcome.failures) for answer in answers] == [
        (0, 2, 1),
        (1, 2, 0),
        (2, 1, 0),
    ]
    assert bench.store.get(run.id).progress.shards_done == 3

    bench.objects.fetched.clear()
    bench.objects.stored.clear()
    bench.runs.assemble(run.id, answers)
    pairs = f"datasets/{dataset.digest}/pairs.csv"
    assert bench.objects.fetched == dict.fromkeys((POINTER, pairs, *(m.part_key for m in messages)), 1)
    keys = RunKeys(run.id)
    assert bench.objects.stored == {keys.scores: 1, keys.images: 1, keys.page: 1, keys.report: 1}
    done = bench.store.get(run.id)
    assert done.status is Status.SUCCEEDED
    assert done.summary["fta"] == {"images": 1}

    rows = from_csv(bench.objects.get(keys.scores)).rows
    near, across = pytest.approx(250 / 78700**0.5), pytest.approx(531 / 787)  # |(250, 90, 90)|^2 is 78700
    assert [row.score for row in rows] == [near, near, 0.0, across, None]
    assert rows[-1].probe_failure == Reason.NO_FACE
    report = json.loads(bench.objects.get(keys.report))
    assert report["pipeline"]["track"] == "raw"
    assert report["failures_to_acquire"]["by_reason"] == {"no_face": 1}


def test_a_second_run_finds_every_part_and_ends_without_a_message(bench: Bench, dataset: Dataset) -> None:
    first = bench.request("colours")
    bench.runs.launch(first.id)
    bench.runs.assemble(first.id, bench.embedded(bench.sent()))

    second = bench.request("colours")
    bench.objects.fetched.clear()
    bench.runs.launch(second.id)
    assert bench.objects.fetched[POINTER] == 1
    assert bench.sent() == []
    done = bench.store.get(second.id)
    assert (done.status, done.attempts) == (Status.SUCCEEDED, 1)
    assert done.progress.shards_done == 3
    assert bench.objects.get(RunKeys(second.id).scores) == bench.objects.get(RunKeys(first.id).scores)
    bench.runs.launch(second.id)
    bench.runs.assemble(second.id, [])
    assert bench.store.get(second.id) == done, "messages that come twice change nothing"


def test_a_part_that_is_gone_is_sent_for_again_but_not_for_ever(bench: Bench, dataset: Dataset) -> None:
    run = bench.request("colours")
    bench.runs.launch(run.id)
    messages = bench.sent()
    answers = bench.embedded(messages)
    for launches in range(2, MAX_LAUNCHES + 1):
        bench.objects.delete([messages[1].part_key])
        bench.objects.fetched.clear()
        bench.runs.assemble(run.id, answers)
        assert bench.objects.fetched == {POINTER: 1}
        assert bench.sent() == [messages[1]]
        assert bench.store.get(run.id).attempts == launches
    with pytest.raises(ShardsFailed, match="sent 5 times"):
        bench.runs.assemble(run.id, answers)
    assert bench.sent() == []


def test_a_shard_that_failed_ends_the_run_with_the_first_reason(bench: Bench, dataset: Dataset) -> None:
    run = bench.request("colours")
    bench.runs.launch(run.id)
    answers = bench.embedded(bench.sent())
    answers[1:] = [ShardAnswer(n, ShardFailed("shard_differs", f"digest {n}")) for n in (1, 2)]
    with pytest.raises(ShardsFailed, match=r"^2 shards failed; the first: shard_differs: digest 1$"):
        bench.runs.assemble(run.id, answers)
    bench.runs.broke(run.id, "shards_failed", "2 shards failed")
    bench.runs.broke(run.id, "internal", "too late")
    ended = bench.store.get(run.id)
    assert (ended.status, ended.failure) == (Status.FAILED, Failure("shards_failed", "2 shards failed"))
    bench.runs.assemble(run.id, [])
    assert bench.store.get(run.id) == ended


def test_a_run_keeps_to_the_content_it_was_requested_on(bench: Bench, dataset: Dataset, benchmark: Benchmark) -> None:
    run = bench.request("colours")
    fewer = replace(benchmark, pairs=replace(benchmark.pairs, pairs=benchmark.pairs.pairs[:3]))
    import_dataset(bench.objects, "colours", fewer, replace=True)
    with pytest.raises(DatasetChanged, match=dataset.digest):
        bench.runs.launch(run.id)
    assert bench.sent() == []


def test_parts_of_two_engines_do_not_make_one_report(bench: Bench, dataset: Dataset) -> None:
    run = bench.request("colours")
    bench.runs.launch(run.id)
    messages = bench.sent()
    answers = bench.embedded(messages)
    part = Part.from_npz(bench.objects.get(messages[0].part_key))
    part.software["numpy"] = "another"
    bench.objects.put(messages[0].part_key, part.to_npz())
    with pytest.raises(PartsDiffer, match=r"2 different engines.*\"numpy\": \"another\""):
        bench.runs.assemble(run.id, answers)


def test_a_run_that_stands_still_is_planned_again_unless_its_shards_still_wait(bench: Bench, dataset: Dataset) -> None:
    run = bench.request("colours")
    bench.runs.launch(run.id)
    bench.runs.repair()
    assert bench.post.planned == [], "it has just been launched"
    records = connect(bench.settings.redis)
    records.hset(f"run:{run.id}", "changed_at", time.time() - 2 * bench.settings.evaluations.run_patience_s)
    bench.runs.repair()
    assert bench.post.planned == [], "its shards wait for a worker"
    bench.sent()
    bench.runs.repair()
    assert bench.post.planned == [run.id]
