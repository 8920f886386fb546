"""What evaluator and workers of any two versions say to each other, and what lies in the object store between them."""

import hashlib
import io
from dataclasses import fields, replace

import numpy as np
import pytest

from core.errors import ImageRejected, ImageTooLarge, ImageUndecodable, UnsupportedImage
from core.evaluations.messages import ShardAnswer, ShardEmbedded, ShardFailed, ShardMessage, ShardSkipped
from core.evaluations.parts import CropRejected, Part, failure_reason, measures_by_name
from core.evaluations.pipeline import Pipeline
from core.evaluations.shards import read_shard, write_shard
from core.quality import Measures
from core.vocabulary import Policy, Reason, Track

PIPELINE = Pipeline("opencv-zoo", "d" * 64, Track.RAW, False, Policy.LARGEST, 320, 0.5, 24, "cpu")
SENT = {
    "run_id": "run_1",
    "shard": 7,
    "shard_key": "datasets/e/shard-0007.tar",
    "shard_sha256": "a" * 64,
    "part_key": "embeddings/e/f/0007-a.npz",
    "images": 128,
    "pipeline": {
        "pack": "opencv-zoo",
        "pack_digest": "d" * 64,
        "track": "raw",
        "flip": False,
        "policy": "largest",
        "detection_size": 320,
        "detection_threshold": 0.5,
        "min_face_px": 24,
        "provider": "cpu",
        "clear_detection_score": 0.0,
        "version": 4,
    },
}


def test_a_message_is_read_as_it_is_written() -> None:
    message = ShardMessage.from_json(SENT)
    assert message.pipeline == PIPELINE
    assert message.pipeline.track is Track.RAW
    assert message.pipeline.policy is Policy.LARGEST
    assert message.to_json() == SENT


@pytest.mark.parametrize(
    ("sent", "outcome"),
    [
        (
            {"shard": 7, "part_key": "p.npz", "images": 128, "failures": 2, "sha256": "a" * 64},
            ShardEmbedded("p.npz", 128, 2, "a" * 64),
        ),
        (
            {"shard": 7, "part_key": "p.npz", "skipped": "the part is there"},
            ShardSkipped("p.npz", "the part is there"),
        ),
        (
            {"shard": 7, "error": {"code": "shard_differs", "message": "another digest"}},
            ShardFailed("shard_differs", "another digest"),
        ),
    ],
    ids=["embedded", "skipped", "failed"],
)
def test_an_answer_is_read_as_it_is_written(
    sent: dict[str, object], outcome: ShardEmbedded | ShardSkipped | ShardFailed
) -> None:
    assert ShardAnswer.from_json(sent) == ShardAnswer(7, outcome)
    assert ShardAnswer(7, outcome).to_json() == sent


@pytest.mark.parametrize(
    ("pipeline", "digest"),
    [
        (PIPELINE, "1fcc01324fffa6f142a77bd353e2c687835857417ba5a85fccffa4ca8dbf1cd3"),
        (
            replace(PIPELINE, track=Track.ALIGNED, flip=True, detection_size=0),
            "997ea19cb721179a5cceb182967b31b45a9fc691c66c64289da65314d3f10fdd",
        ),
    ],
)
def test_a_pipeline_keeps_its_digest_so_that_embeddings_of_before_are_found(pipeline: Pipeline, digest: str) -> None:
    assert pipeline.digest == digest


IMAGES = [("a/é.jpg", b"one"), ("b.jpg", b"two" * 300)]


def test_a_shard_keeps_its_bytes_and_gives_its_images_back() -> None:
    shard = write_shard(IMAGES)
    assert hashlib.sha256(shard).hexdigest() == "6a0611c7cb3164bfad2f679320d79ca2d40d20ceb23d8dcc7da52a868e616998"
    assert list(read_shard(shard)) == IMAGES


def part_of_before() -> bytes:
    """The layout, spelled out."""
    body = io.BytesIO()
    np.savez(
        body,
        facts=np.array('{"engine": {"provider": "cpu"}, "software": {"numpy": "2.4.6"}}'),
        image_ids=np.array(["a/é.jpg", "b.jpg", "nobody.jpg"]),
        acquired=np.array([True, True, False]),
        reasons=np.array(["", "", "no_face"]),
        faces_found=np.array([1, 2, 0], np.int32),
        embeddings=np.array([[0.6, 0.8], [1, 0], [0, 0]], np.float32),
    )
    return body.getvalue()


def test_a_part_of_before_is_read_and_would_be_written_with_the_same_bytes() -> None:
    part = Part.from_npz(part_of_before())
    assert part.image_ids == ("a/é.jpg", "b.jpg", "nobody.jpg")
    assert part.acquired.tolist() == [True, True, False]
    assert part.reasons == (None, None, Reason.NO_FACE)
    assert part.faces_found.tolist() == [1, 2, 0]
    assert part.embeddings.dtype == np.float32
    assert (part.engine, part.software) == ({"provider": "cpu"}, {"numpy": "2.4.6"})
    assert part.to_npz() == part_of_before()


def test_a_part_of_before_has_no_quality_measures_and_one_of_today_keeps_them_by_name() -> None:
    before = Part.from_npz(part_of_before())
    assert before.measures is None
    measured = Measures(43.2, -1.5, 12.0, 3.0, 0.7, 0.5, 0.14, 0.0, 0.02)
    today = Part.from_npz(replace(before, measures=measures_by_name([measured, None, None])).to_npz())
    assert today.measures is not None
    assert [*today.measures] == [field.name for field in fields(Measures)]
    assert today.measures["yaw_deg"].tolist()[0] == 12.0
    assert np.isnan(today.measures["yaw_deg"][1:]).all()


def test_the_measures_of_an_image_cost_a_part_36_bytes() -> None:
    measured = Measures(43.2, -1.5, 12.0, 3.0, 0.7, 0.5, 0.14, 0.0, 0.02)

    def size(images: int) -> int:
        part = Part.from_npz(part_of_before())
        return len(replace(part, measures=measures_by_name([measured] * images)).to_npz())

    assert size(1001) - size(1) == 36 * 1000


@pytest.mark.parametrize("rejected", [ImageRejected, UnsupportedImage, ImageTooLarge, ImageUndecodable])
def test_every_way_in_which_a_crop_is_rejected_is_a_reason(rejected: type[ImageRejected]) -> None:
    reason = failure_reason(rejected.code)
    assert isinstance(reason, Reason | CropRejected)
    assert reason == rejected.code


def test_a_reason_nobody_knows_is_not_taken_for_one() -> None:
    with pytest.raises(ValueError, match="bad_mood"):
        failure_reason("bad_mood")
