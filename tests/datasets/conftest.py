"""A bucket of a real S3 server, and tiny images."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core.settings import Settings
from core.storage.objects import ObjectStore
from evaluator.datasets import Benchmark, read_benchmark

MakeImage = Callable[..., bytes]


@pytest.fixture
def settings(objects_settings: Settings) -> Settings:
    return objects_settings


@pytest.fixture
def objects(settings: Settings) -> ObjectStore:
    return ObjectStore(settings.objects)


@pytest.fixture(scope="session")
def make_image() -> MakeImage:
    """Encoded images; the same seed makes the same bytes."""

    def draw(seed: int = 0, size: tuple[int, int] = (16, 16), form: str = "JPEG") -> bytes:
        body = io.BytesIO()
        Image.new("RGB", size, (seed * 37 % 256, seed * 91 % 256, seed % 256)).save(body, form)
        return body.getvalue()

    return draw


@pytest.fixture
def lfw_like(tmp_path: Path, make_image: MakeImage) -> tuple[Path, Path]:
    """A directory laid out as LFW's archive, and its list: two folds of two pairs of each kind."""
    root = tmp_path / "lfw"
    for seed, (name, number) in enumerate((name, n) for name in ("Ada", "Bo", "Cy", "Di") for n in (1, 2, 3)):
        path = root / name / f"{name}_{number:04d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make_image(seed))
    pairs = tmp_path / "pairs.txt"
    pairs.write_text(LFW_LIKE)
    return root, pairs


@pytest.fixture
def benchmark(lfw_like: tuple[Path, Path]) -> Benchmark:
    root, pairs = lfw_like
    return read_benchmark("lfw", pairs, root)


LFW_LIKE = """2\t2
Ada\t1\t2
Bo\t1\t2
Ada\t1\tBo\t1
Ada\t2\tBo\t2
Cy\t1\t2
Di\t1\t2
Cy\t1\tDi\t1
Cy\t2\tDi\t2
"""
