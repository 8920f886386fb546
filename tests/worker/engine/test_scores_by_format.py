"""A photograph scores the same whatever it is saved as."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from core.packs.catalogue import Pack
from core.settings import Settings
from core.vocabulary import Compared, ImageFormat, Policy, Reason
from tests.support.profiles import ADOBE_RGB, SRGB, rgb_profile
from worker.engine.contract import Acquired, Unusable
from worker.engine.engine import Engine

Sample = Callable[[str], bytes]

#: How it is saved, and how far the score may move; on white or upright again it is the same photograph.
SAVED: dict[str, tuple[str, str, dict[str, Any], float]] = {
    "PNG": ("PNG", "RGB", {}, 0),
    "PNG with alpha": ("PNG", "RGBA", {}, 0),
    "lossless WebP": ("WEBP", "RGB", {"lossless": True}, 0),
    "BMP": ("BMP", "RGB", {}, 0),
    "TIFF": ("TIFF", "RGB", {"compression": "tiff_lzw"}, 0),
    "TIFF with alpha": ("TIFF", "RGBA", {"compression": "tiff_adobe_deflate"}, 0),
    "JPEG": ("JPEG", "RGB", {"quality": 90}, 0.03),
    "progressive JPEG": ("JPEG", "RGB", {"quality": 90, "progressive": True}, 0.03),
    "CMYK JPEG": ("JPEG", "CMYK", {"quality": 95}, 0.03),
    "CMYK TIFF": ("TIFF", "CMYK", {}, 0.03),
    "AVIF": ("AVIF", "RGB", {"quality": 80, "speed": 10}, 0.03),
    "HEIC": ("HEIF", "RGB", {"quality": 80}, 0.03),
    "GIF": ("GIF", "P", {}, 0.06),
    "palette PNG": ("PNG", "P", {}, 0.06),
}


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    pillow_heif.register_heif_opener()
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def score(engine: Engine, reference: bytes, probe: bytes) -> float:
    outcome = engine.compare(reference, probe, Policy.LARGEST).outcome
    assert isinstance(outcome, Compared), outcome
    return outcome.score


@pytest.fixture(scope="module")
def photograph(samples: dict[str, Path]) -> Image.Image:
    return Image.open(samples["obama2.jpg"]).convert("RGB")


@pytest.fixture(scope="module")
def expected(engine: Engine, samples: dict[str, Path]) -> dict[str, float]:
    """By sample, the score against the photograph as it came."""
    names = ("obama.jpg", "biden.jpg")
    return {n: score(engine, samples[n].read_bytes(), samples["obama2.jpg"].read_bytes()) for n in names}


@pytest.mark.parametrize("how", SAVED)
def test_the_score_is_that_of_the_photograph_as_it_came(
    how: str, engine: Engine, sample: Sample, photograph: Image.Image, expected: dict[str, float]
) -> None:
    kind, mode, options, tolerance = SAVED[how]
    saved = photograph.quantize(256) if mode == "P" else photograph.convert(mode)
    body = encode(saved, kind, **options)
    for name, wanted in expected.items():
        assert score(engine, sample(name), body) == pytest.approx(wanted, abs=tolerance or 1e-6)


def test_a_wide_gamut_scores_as_the_same_colours_in_srgb(
    engine: Engine, sample: Sample, photograph: Image.Image, expected: dict[str, float]
) -> None:
    """As the phone that took it would have stored it: other numbers for the same colours."""
    linear = (np.asarray(photograph) / 255) ** 2.2 @ SRGB.T @ np.linalg.inv(ADOBE_RGB).T
    wide = Image.fromarray((255 * np.clip(linear, 0, 1) ** (1 / 2.2)).round().astype(np.uint8))
    body = encode(wide, "PNG", icc_profile=rgb_profile(ADOBE_RGB))
    for name, wanted in expected.items():
        assert score(engine, sample(name), body) == pytest.approx(wanted, abs=0.02)


def test_a_cutout_scores_as_the_photograph_of_it_on_white(
    engine: Engine, sample: Sample, photograph: Image.Image
) -> None:
    alpha = np.zeros((photograph.height, photograph.width), np.uint8)
    alpha[:, photograph.width // 6 :] = 255
    cutout = photograph.copy()
    cutout.putalpha(Image.fromarray(alpha))
    on_white = Image.alpha_composite(Image.new("RGBA", photograph.size, "white"), cutout).convert("RGB")
    wanted = score(engine, sample("obama.jpg"), encode(on_white, "PNG"))
    assert score(engine, sample("obama.jpg"), encode(cutout, "PNG")) == pytest.approx(wanted, abs=1e-6)


@pytest.fixture(scope="module")
def engine_of(zoo: Pack, zoo_directory: Path, cache: Path) -> Callable[..., Engine]:
    def load(**given: Any) -> Engine:
        return Engine.load(zoo, zoo_directory, Settings(home=cache, provider="cpu", **given).engine)

    return load


def test_a_photograph_of_more_pixels_than_are_decoded_is_reduced(
    engine_of: Callable[..., Engine], engine: Engine, sample: Sample
) -> None:
    """910 x 1137 pixels, of which 400,000 may be decoded."""
    small = engine_of(max_image_pixels=400_000)
    whole, reduced = (e.acquire(sample("obama.jpg"), Policy.LARGEST) for e in (engine, small))
    assert isinstance(whole, Acquired)
    assert isinstance(reduced, Acquired)
    assert reduced.face.box == pytest.approx(whole.face.box, abs=20)
    assert score(small, sample("obama.jpg"), sample("obama.jpg")) == 1.0
    rows = engine.embed([whole.crop, reduced.crop])
    assert float(rows[0] @ rows[1]) > 0.9


def test_a_png_of_more_pixels_than_are_decoded_is_too_large(
    engine_of: Callable[..., Engine], photograph: Image.Image
) -> None:
    refused = engine_of(max_image_pixels=400_000).acquire(encode(photograph, "PNG"), Policy.LARGEST)
    assert isinstance(refused, Unusable)
    assert refused.reason is Reason.IMAGE_TOO_LARGE
    assert "LIKENESS_MAX_IMAGE_PIXELS" in refused.detail


def test_a_format_that_was_switched_off_is_not_decoded_though_the_job_was_accepted(
    engine_of: Callable[..., Engine], photograph: Image.Image
) -> None:
    engine = engine_of(image_formats="jpeg, png")
    assert isinstance(engine.acquire(encode(photograph, "PNG"), Policy.LARGEST), Acquired)
    refused = engine.acquire(encode(photograph, ImageFormat.AVIF.upper(), speed=10), Policy.LARGEST)
    assert isinstance(refused, Unusable)
    assert refused.reason is Reason.UNDECODABLE_IMAGE
    assert "JPEG and PNG are accepted" in refused.detail
