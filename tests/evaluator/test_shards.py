"""One shard on a worker: every image a row, the same bytes each time, and nothing for a run that has ended."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.evaluations.messages import ShardAnswer, ShardEmbedded, ShardMessage, ShardSkipped
from core.evaluations.parts import Part
from core.evaluations.shards import write_shard
from core.vocabulary import Reason, Track
from evaluator.datasets import Dataset
from evaluator.runs.parts import read_parts
from tests.support.stack import eventually
from worker.embedding import STRIDE, ShardDiffers

Bench = Any


@pytest.fixture
def messages(bench: Bench, dataset: Dataset) -> list[ShardMessage]:
    """Of a run that was launched."""
    bench.runs.launch(bench.request("colours").id)
    sent: list[ShardMessage] = bench.sent()
    return sent


def other_shard(bench: Bench, message: ShardMessage, images: list[tuple[str, bytes]]) -> ShardMessage:
    """The message for other images."""
    body = write_shard(images)
    bench.objects.put(message.shard_key, body)
    return replace(message, shard_sha256=sha256(body).hexdigest(), images=len(images))


def test_a_part_has_a_row_an_image_and_is_written_once(bench: Bench, messages: list[ShardMessage]) -> None:
    message = messages[0]
    answer = bench.shards.embed(message)
    body = bench.objects.get(message.part_key)
    assert answer == ShardAnswer(0, ShardEmbedded(message.part_key, 2, 1, sha256(body).hexdigest()))
    part = Part.from_npz(body)
    assert part.image_ids == ("black.png", "blue.png")
    assert part.acquired.tolist() == [False, True]
    assert part.reasons == (Reason.NO_FACE, None)
    assert part.faces_found.tolist() == [0, 1]
    assert part.embeddings.tolist() == [[0, 0, 0], [0, 0, 1]]
    assert part.engine["provider"] == "colours"
    assert part.measures is not None
    assert part.measures["brightness"].tolist() == pytest.approx([np.nan, 0.98], nan_ok=True)

    assert bench.shards.embed(message) == ShardAnswer(0, ShardSkipped(message.part_key, "the part is there"))
    assert bench.objects.stored[message.part_key] == 1
    bench.objects.delete([message.part_key])
    bench.shards.embed(message)
    assert bench.objects.get(message.part_key) == body


def test_between_two_images_a_shard_lets_a_comparison_be_alone(bench: Bench, messages: list[ShardMessage]) -> None:
    message = messages[0]
    with ThreadPoolExecutor(1) as thread:
        with bench.quarantine.alone():
            embedding = thread.submit(bench.shards.embed, message)

            def fetched() -> None:
                assert bench.objects.fetched[message.shard_key] == 1

            eventually(fetched)
            assert not embedding.done()
        embedding.result(10)
    assert bench.objects.exists(message.part_key)


def test_the_quality_measures_of_every_image_are_there_by_name_unless_a_part_was_made_before(
    bench: Bench, messages: list[ShardMessage]
) -> None:
    bench.embedded(messages)
    embedded = read_parts(messages, bench.objects)
    brightness = embedded.measures["brightness"]
    bright = {image_id: brightness[row] for image_id, row in embedded.rows.items()}
    assert np.isnan(bright.pop("black.png")), "nobody was measured there"
    assert bright == {
        "blue.png": pytest.approx(0.98),
        "sky.png": pytest.approx(0.98),
        "red.png": 0,
        "rose.png": pytest.approx(90 / 255, abs=0.001),
    }

    part = Part.from_npz(bench.objects.get(messages[0].part_key))
    bench.objects.put(messages[0].part_key, replace(part, measures=None).to_npz())
    assert read_parts(messages, bench.objects).measures == {}


def test_a_run_that_has_ended_gets_no_part(bench: Bench, messages: list[ShardMessage]) -> None:
    bench.store.cancel(messages[0].run_id)
    skipped = ShardSkipped(messages[0].part_key, "the run has ended")
    assert bench.shards.embed(messages[0]) == ShardAnswer(0, skipped)
    assert not bench.objects.exists(messages[0].part_key)


def test_a_run_that_is_cancelled_meanwhile_gets_no_part_either(bench: Bench, messages: list[ShardMessage]) -> None:
    message = other_shard(bench, messages[1], [(f"{n}.png", image_of((n, 1, 1))) for n in range(STRIDE + 1)])
    seen = []

    def cancel() -> None:
        seen.append(1)
        bench.store.cancel(message.run_id)

    bench.engine.before_each = cancel
    assert bench.shards.embed(message) == ShardAnswer(1, ShardSkipped(message.part_key, "the run was cancelled"))
    assert len(seen) == STRIDE, "the ninth image is not looked at"
    assert not bench.objects.exists(message.part_key)


def test_a_shard_with_other_bytes_and_a_plan_for_another_pack_are_refused(
    bench: Bench, messages: list[ShardMessage]
) -> None:
    message = messages[0]
    elsewhere = replace(message, pipeline=replace(message.pipeline, pack_digest="e" * 64))
    with pytest.raises(ShardDiffers, match="pack digest, detection threshold"):
        bench.shards.embed(elsewhere)
    bench.objects.put(message.shard_key, bench.objects.get(message.shard_key)[:-1] + b"x")
    with pytest.raises(ShardDiffers, match=rf"{message.shard_key} has the digest [0-9a-f]+, planned was"):
        bench.shards.embed(message)
    assert not bench.objects.exists(message.part_key)


@pytest.mark.parametrize(
    ("planned", "running"), [("auto", "openvino-bf16"), ("openvino-bf16", "openvino-f32"), ("openvino-f32", "cpu")]
)
def test_what_openvino_computes_is_in_the_place_of_nothing_else(
    bench: Bench, messages: list[ShardMessage], planned: str, running: str
) -> None:
    message = replace(messages[0], pipeline=replace(messages[0].pipeline, provider=planned))
    bench.engine.facts = replace(bench.engine.facts, provider=running)
    with pytest.raises(ShardDiffers, match=f"the provider is {running} here, planned {planned}: .* LIKENESS_PROVIDER"):
        bench.shards.embed(message)
    assert not bench.objects.exists(message.part_key)


def test_an_aligned_crop_is_embedded_as_it_is_and_one_that_cannot_be_read_is_a_row(
    bench: Bench, messages: list[ShardMessage]
) -> None:
    whole = image_of((9, 8, 7), side=112)
    noise = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (112, 112, 3), np.uint8)).save(noise, "PNG")
    crops = [("cut.png", noise.getvalue()[:20_000]), ("text.png", b"not an image"), ("whole.png", whole)]
    message = other_shard(bench, messages[1], crops)
    pipeline = replace(message.pipeline, track=Track.ALIGNED, detection_size=0)
    answer = bench.shards.embed(replace(message, pipeline=pipeline))
    assert (answer.outcome.images, answer.outcome.failures) == (3, 2)
    part = Part.from_npz(bench.objects.get(message.part_key))
    assert part.acquired.tolist() == [False, False, True]
    assert part.reasons == ("undecodable_image", "image_unsupported", None)
    assert isinstance(part.reasons[0], Reason)
    assert part.faces_found.tolist() == [0, 0, 1]
    assert part.measures is not None
    assert np.isnan([*part.measures.values()]).all(), "a crop that is aligned already is not measured"
    blue, green, red = part.embeddings[2]
    assert blue < green < red, "pixels are BGR"


def image_of(colour: tuple[int, int, int], side: int = 16) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(body, "PNG")
    return body.getvalue()
