"""What was seen: every coordinate in the upright image, and a warning for each way to make a photograph worse."""

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from core.quality import MAX_LISTED_FACES, Measures, QualityRule, QualityWarning, Seen
from core.settings import Settings
from core.settings.groups import QualityLimits
from core.vocabulary import NotAcquired, Policy, Reason, Side
from worker.engine.contract import Acquired, Unusable
from worker.engine.detect import DetectedFace
from worker.engine.engine import Engine
from worker.engine.quality import judge, see

Sample = Callable[[str], bytes]
CLEAR = ("obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg", "32bit.png", "astronaut.png")
GOOD = Measures(60.0, 2.0, 5.0, -3.0, 0.7, 0.5, 0.14, 0.0, 0.0)


@pytest.fixture
def limits() -> QualityLimits:
    return Settings().engine


def encode(image: Image.Image) -> bytes:
    body = io.BytesIO()
    image.save(body, "PNG")
    return body.getvalue()


def opened(body: bytes) -> Image.Image:
    return Image.open(io.BytesIO(body)).convert("RGB")


def seen(engine: Engine, body: bytes, policy: Policy = Policy.LARGEST) -> Seen:
    acquired = engine.acquire(body, policy)
    assert acquired.seen is not None
    return acquired.seen


def portrait(engine: Engine, body: bytes) -> tuple[Image.Image, tuple[float, float, float, float]]:
    """The face and what is around it as an image of 250 x 250, as in LFW; and the face's box in it."""
    (left, top, right, bottom), *_ = [face.box for face in seen(engine, body).faces if face.chosen]
    middle_x, middle_y, half = (left + right) / 2, (top + bottom) / 2, 0.8 * (bottom - top)
    square = (round(middle_x - half), round(middle_y - half), round(middle_x + half), round(middle_y + half))
    image = opened(body).crop(square).resize((250, 250), Image.Resampling.BOX)
    (box,) = [face.box for face in seen(engine, encode(image)).faces if face.chosen]
    return image, box


@pytest.mark.parametrize("name", CLEAR)
def test_a_clear_photograph_gets_no_warning(engine: Engine, sample: Sample, name: str) -> None:
    found = seen(engine, sample(name))
    image = opened(sample(name))
    assert (found.width, found.height) == image.size
    assert found.warnings == ()
    assert found.measures is not None
    assert found.landmarks is not None
    (left, top, right, bottom), *_ = [face.box for face in found.faces if face.chosen]
    for x, y in (found.landmarks.right_eye, found.landmarks.left_eye, found.landmarks.nose):
        assert left < x < right
        assert top < y < bottom
    (right_x, right_y), (left_x, left_y) = found.landmarks.right_eye, found.landmarks.left_eye
    assert right_x < left_x, "the subject's right is the image's left"
    assert found.measures.inter_eye_distance_px == pytest.approx(np.hypot(left_x - right_x, left_y - right_y), abs=0.2)


@pytest.mark.parametrize(
    ("worse", "warning"),
    [
        (lambda image, box: image.filter(ImageFilter.GaussianBlur(3)), "blurred"),
        (lambda image, box: ImageEnhance.Brightness(image).enhance(0.2), "too_dark"),
        (lambda image, box: ImageEnhance.Brightness(image).enhance(3), "overexposed"),
        (lambda image, box: image.resize((83, 83), Image.Resampling.BOX), "low_resolution"),
        (lambda image, box: image.crop((round(box[0] + 0.4 * (box[2] - box[0])), 0, *image.size)), "face_cut_off"),
        (lambda image, box: image.crop((0, round(box[1] + 0.4 * (box[3] - box[1])), *image.size)), "face_cut_off"),
    ],
    ids=["blurred", "darkened", "overexposed", "shrunk", "cut at the side", "cut above"],
)
@pytest.mark.parametrize("name", ["obama.jpg", "biden.jpg"])
def test_a_copy_that_was_made_worse_gets_the_warning_for_it(
    engine: Engine, sample: Sample, name: str, worse: Callable[..., Image.Image], warning: str
) -> None:
    image, box = portrait(engine, sample(name))
    assert seen(engine, encode(image)).warnings == ()
    assert warning in seen(engine, encode(worse(image, box))).warnings


def test_noise_does_not_pass_for_sharpness(engine: Engine, sample: Sample) -> None:
    image, _ = portrait(engine, sample("obama.jpg"))
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(4)), np.float64)
    noisy = blurred + np.random.default_rng(1).normal(0, 3, blurred.shape)
    assert "blurred" in seen(engine, encode(Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)))).warnings


def test_contrast_and_brightness_alone_do_not_change_sharpness(engine: Engine, sample: Sample) -> None:
    image, _ = portrait(engine, sample("biden.jpg"))
    dim = image.point([40 + value // 3 for value in range(256)] * 3)
    one, other = (seen(engine, encode(shown)).measures for shown in (image, dim))
    assert one is not None
    assert other is not None
    assert other.sharpness == pytest.approx(one.sharpness, rel=0.05)
    assert other.contrast == pytest.approx(one.contrast / 3, rel=0.1)


def test_what_lies_beyond_the_image_is_not_taken_for_darkness(engine: Engine, sample: Sample) -> None:
    image, box = portrait(engine, sample("obama.jpg"))
    whole = seen(engine, encode(image)).measures
    cut = seen(engine, encode(image.crop((round(box[0] + 0.45 * (box[2] - box[0])), 0, *image.size)))).measures
    assert whole is not None
    assert cut is not None
    assert cut.cut_off > 0.15
    assert cut.brightness == pytest.approx(whole.brightness, abs=0.06)


def test_a_side_that_gives_no_face_says_what_was_seen_all_the_same(engine: Engine, sample: Sample) -> None:
    nobody = seen(engine, sample("no_face.png"))
    assert (nobody.faces_found, nobody.faces, nobody.landmarks, nobody.measures, nobody.warnings) == (
        0,
        (),
        None,
        None,
        (),
    )
    six = seen(engine, sample("six_faces.jpg"), Policy.REQUIRE_ONE)
    assert [face.chosen for face in six.faces] == [False] * 6
    undecodable = engine.acquire(b"not an image", Policy.LARGEST)
    assert isinstance(undecodable, Unusable)
    assert undecodable.seen is None


def test_every_face_is_listed_and_one_is_chosen(engine: Engine, sample: Sample) -> None:
    acquired = engine.acquire(sample("six_faces.jpg"), Policy.LARGEST)
    assert isinstance(acquired, Acquired)
    assert acquired.seen is not None
    assert acquired.seen.faces_found == len(acquired.seen.faces) == 6
    (chosen,) = [face for face in acquired.seen.faces if face.chosen]
    assert chosen.box == pytest.approx(acquired.face.box, abs=0.06)


def test_a_crowd_is_counted_and_the_best_are_listed_with_the_chosen_one() -> None:
    crowd = [DetectedFace((n, 0, n + 30, 40), 0.99 - n / 1000, ((n, 0.0),) * 5) for n in range(70)]
    crop = np.zeros((112, 112, 3), np.uint8)
    found = see((100, 200), crowd, crowd[69], crop)
    assert (found.faces_found, len(found.faces)) == (70, MAX_LISTED_FACES)
    assert [face.box[0] for face in found.faces if face.chosen] == [69]
    assert found.faces[0].box[0] == 0, "the best stays"
    assert see((100, 200), crowd, crowd[3], crop).faces[MAX_LISTED_FACES - 1].box[0] == MAX_LISTED_FACES - 1


def test_a_required_quality_is_refused_with_each_warning_for_its_reason(engine: Engine, sample: Sample) -> None:
    image, _ = portrait(engine, sample("obama2.jpg"))
    bad = encode(ImageEnhance.Brightness(image.filter(ImageFilter.GaussianBlur(4))).enhance(0.2))
    reported = engine.compare(sample("obama.jpg"), bad, Policy.LARGEST)
    assert not isinstance(reported.outcome, NotAcquired)
    required = engine.compare(sample("obama.jpg"), bad, Policy.LARGEST, QualityRule.REQUIRE)
    assert isinstance(required.outcome, NotAcquired)
    assert [(failure.side, failure.reason) for failure in required.outcome.failures] == [
        (Side.PROBE, Reason.BLURRED),
        (Side.PROBE, Reason.TOO_DARK),
    ]
    assert required.seen == reported.seen
    assert required.seen[Side.PROBE].warnings == (QualityWarning.BLURRED, QualityWarning.TOO_DARK)
    assert (set(required.faces), set(reported.faces)) == ({Side.REFERENCE}, {*Side})
    assert "embed" not in required.timings_ms


def test_a_required_quality_that_is_there_changes_nothing(engine: Engine, sample: Sample) -> None:
    pair = sample("obama.jpg"), sample("biden.jpg")
    required = engine.compare(*pair, Policy.LARGEST, QualityRule.REQUIRE)
    assert required.outcome == engine.compare(*pair, Policy.LARGEST).outcome


def test_every_warning_is_a_reason() -> None:
    assert {Reason(warning).value for warning in QualityWarning} == {warning.value for warning in QualityWarning}


@pytest.mark.parametrize(
    ("measures", "warning", "detail"),
    [
        (
            replace(GOOD, yaw_deg=-55.1),
            "extreme_pose",
            "the head is turned away: yaw -55.1 degrees; at most 55 (LIKENESS_QUALITY_MAX_YAW_DEG)",
        ),
        (
            replace(GOOD, pitch_deg=35.1),
            "extreme_pose",
            "the head is turned away: pitch 35.1 degrees; at most 35 (LIKENESS_QUALITY_MAX_PITCH_DEG)",
        ),
        (
            replace(GOOD, sharpness=0.549),
            "blurred",
            "the face is blurred: sharpness 0.549; at least 0.55 (LIKENESS_QUALITY_MIN_SHARPNESS)",
        ),
        (
            replace(GOOD, brightness=0.199),
            "too_dark",
            "the face is too dark: brightness 0.199; at least 0.2 (LIKENESS_QUALITY_MIN_BRIGHTNESS)",
        ),
        (
            replace(GOOD, overexposure=0.101),
            "overexposed",
            "the face is overexposed: 10.1 % of it is white; at most 10 % (LIKENESS_QUALITY_MAX_OVEREXPOSURE)",
        ),
        (
            replace(GOOD, inter_eye_distance_px=19.8),
            "low_resolution",
            "the face is too small in detail: from the front, its eyes are 19.9 pixels apart; at least 20 "
            "(LIKENESS_QUALITY_MIN_EYE_DISTANCE_PX)",
        ),
        (
            replace(GOOD, cut_off=0.151),
            "face_cut_off",
            "the face is cut off: 15.1 % of it lies beyond the image; at most 15 % (LIKENESS_QUALITY_MAX_CUT_OFF)",
        ),
    ],
)
def test_a_warning_names_the_value_the_limit_and_the_setting(
    limits: QualityLimits, measures: Measures, warning: str, detail: str
) -> None:
    assert [*judge(measures, limits)] == [(warning, detail)]


def test_at_its_limit_a_measure_is_good_enough(limits: QualityLimits) -> None:
    at_the_limit = Measures(20.0, 180.0, 0.0, -35.0, 0.55, 0.2, 0.0, 0.1, 0.15)
    assert [*judge(at_the_limit, limits)] == []
    assert [*judge(replace(at_the_limit, yaw_deg=55.0, inter_eye_distance_px=11.5), limits)] == []


def test_limits_are_settings() -> None:
    strict = Settings(quality_min_sharpness=0.8, quality_max_yaw_deg=3).engine
    assert [warning for warning, _ in judge(GOOD, strict)] == ["extreme_pose", "blurred"]
